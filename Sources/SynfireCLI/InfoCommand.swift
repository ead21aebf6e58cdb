import ArgumentParser
import Foundation
import Synfire

struct InfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "Version, instruction set of the build, threads, libraries found.")

  @Flag(help: "Write one JSON object.")
  var json = false

  func run() throws {
    let gnuplot = (try? Gnuplot())?.executable.path
    var facts: [String: JSONValue] = [
      "version": .string(RunManifest.version),
      "swift": .string(RunManifest.swiftVersion),
      "instructionSet": .string("\(InstructionSet.build)"),
      "machineInstructionSet": .string("\(InstructionSet.machine)"),
      "bfloat16Tiles": .string(BFloat16Matrix.hasTiles ? "AMX" : "none"),
      "int16Products": .string(Int16Matrix.hasInstructions ? "AVX-512 VNNI" : "none"),
      "complaint": InstructionSet.complaint.map { .string($0) } ?? .null,
      "threads": .integer(ProcessInfo.processInfo.activeProcessorCount),
      "lapack": .string(LinearAlgebra.library),
      "gnuplot": gnuplot.map { .string($0) } ?? .null,
      "dataDirectory": ProcessInfo.processInfo.environment["SYNFIRE_DATA"].map { .string($0) }
        ?? .null,
    ]
    facts["mujoco"] = MuJoCoFolder.standard.usableVersion.map { .string($0) } ?? .null
    for library in FormatLibraries.versions { facts[library.name] = .string(library.version) }
    if json { return Console.output(.object(facts)) }
    for (name, value) in facts.sorted(by: { $0.key < $1.key }) {
      let text: String
      switch value {
      case .string(let value): text = value
      case .null: text = "none"
      default: text = value.text
      }
      Console.output(name.padding(toLength: 24, withPad: " ", startingAt: 0) + text)
    }
  }
}
