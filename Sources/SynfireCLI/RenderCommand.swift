import ArgumentParser
import Foundation
import Synfire

struct RenderCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "render",
    abstract: "Draw a moving picture of a trained network acting in its environment.",
    discussion: """
      The network is the one without chance that the test of the run has, and so are the episodes. An .svg file \
      moves in any browser and in pages that show it; a .gif file, drawn by gnuplot, moves everywhere. A second of \
      the picture is one of the environment.
      """)

  @Argument(help: "A run folder of an experiment in an environment, such as ec/hopper.")
  var folder: String

  @Option(
    help: ArgumentHelp(
      "The picture to write, .svg or .gif; otherwise figures/episode-N.svg of the run.",
      valueName: "file"))
  var out: String?

  @Option(help: ArgumentHelp("Which of the episodes of the test, from 1.", valueName: "n"))
  var episode = 1

  @Option(
    help: ArgumentHelp(
      "Steps from one picture to the next; otherwise as many as make 30 a second, 20 in a GIF.",
      valueName: "k"))
  var every: Int?

  @Option(help: ArgumentHelp("Of the picture in pixels.", valueName: "WxH"))
  var size = PictureSize(width: 640, height: 360)

  @Option(
    help: ArgumentHelp(
      "Other parameters than the last of the run, such as RUN/best.h5.", valueName: "file"))
  var parameters: String?

  func validate() throws {
    if let every, every < 1 { throw ValidationError("--every \(every) is not above 0") }
  }

  func run() throws {
    let run = try RunFolder.read(at: folder)
    let path = out ?? "\(run.figuresPath)/episode-\(episode).svg"
    guard let format = Format(rawValue: URL(fileURLWithPath: path).pathExtension.lowercased())
    else {
      throw TrainingError(
        "a picture is no such file", place: path, remedy: "name one that ends in .svg or .gif")
    }
    let checkpoint = try Subject.checkpoint(in: run)
    let experiment = try ExperimentFile(
      text: checkpoint.configuration, place: run.checkpointPath
    ).experiment()
    let given: NamedTensors<Float>? = try parameters.map {
      try ParameterFile.read($0, for: try experiment.makeAnyNetwork())
    }
    let recording = try EpisodeRecording(
      of: experiment, parameters: given ?? checkpoint.parameters, episode: episode)
    let animation = try recording.animation(
      title: "\(experiment.name), generation \(checkpoint.batch)", every: every,
      perSecond: format == .gif ? 20 : 30, width: size.width, height: size.height)
    if out == nil {
      try FileManager.default.createDirectory(
        atPath: run.figuresPath, withIntermediateDirectories: true)
    }
    switch format {
    case .svg: try AtomicFile.write(animation.svg, to: path)
    case .gif: try animation.writeGIF(to: path)
    }
    let distance = recording.episode.distance.map { String(format: ", %.2f m", $0) } ?? ""
    Console.note(
      "episode \(episode): return \(MetricText.number(recording.episode.total)), "
        + "\(recording.episode.steps) steps\(distance)")
    Console.output(path)
  }

  private enum Format: String { case svg, gif }
}

/// `640x360`.
struct PictureSize: ExpressibleByArgument {
  let width: Int
  let height: Int

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  init?(argument: String) {
    let parts = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let width = parts[0], let height = parts[1] else { return nil }
    self.init(width: width, height: height)
  }

  var defaultValueDescription: String { "\(width)x\(height)" }
}
