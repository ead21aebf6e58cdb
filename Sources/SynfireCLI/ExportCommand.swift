import ArgumentParser
import Foundation
import Synfire

struct ExportCommand: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable { case safetensors, npz, nir }

  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write the parameters of a run for other programs.")

  @Argument(help: "A run folder.")
  var folder: String

  @Option(help: "safetensors, npz or nir; that of the name of the file if not said.")
  var format: Format?

  @Option(help: ArgumentHelp("The file to write.", valueName: "file"))
  var output: String

  @Flag(help: "Export the parameters of the best validation in place of the last ones.")
  var best = false

  private func chosenFormat() throws -> Format {
    let ending = URL(fileURLWithPath: output).pathExtension
    if let format = format ?? Format(rawValue: ending) { return format }
    throw TrainingError(
      "the name of the file does not say its format", place: "--output \(output)",
      remedy: "let it end in .safetensors or .npz, or say --format")
  }

  func run() throws {
    let format = try chosenFormat()
    let folder = try RunFolder.read(at: folder)
    let checkpoint =
      best ? try Checkpoint(contentsOf: folder.bestPath) : try Subject.checkpoint(in: folder)
    switch format {
    case .safetensors:
      try SafeTensors.write(
        output, checkpoint.parameters, metadata: ["experiment": checkpoint.experiment])
    case .npz: try NPZ.write(output, checkpoint.parameters)
    case .nir:
      throw TrainingError(
        "\(checkpoint.experiment) cannot be exported to NIR without loss: NIR has no node for its "
          + "neurons and spike filters", place: "--format nir",
        remedy: "export safetensors or npz")
    }
  }
}
