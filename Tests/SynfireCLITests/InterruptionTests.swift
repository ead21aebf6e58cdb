import Foundation
import Synfire
import Testing

/// Runs that are stopped, killed and gone on with.
@Suite(.serialized)
struct InterruptionTests {
  /// Long enough to be interrupted, and yet a matter of seconds.
  private static let arguments = [
    "train", "smnn/context", "--set", "batches=40", "--set", "trialsPerBatch=24",
    "--set", "neurons=20", "--set", "training.validation={every: 8, trials: 24}",
    "--set", "training.test.trials=24", "--set", "training.checkpointEvery=2",
    "--set", "analysis=[]", "--out", "run",
  ]

  /// Of the same length, with connections that DEEP R moves.
  private static let rewired =
    ["train"] + Program.rewired + [
      "--set", "batches=40", "--set", "training.validation={every: 8, trials: 8}",
      "--set", "training.checkpointEvery=2", "--out", "run",
    ]

  /// Recursive least squares on a file of targets, which is made once.
  private static let taught: [String] = {
    let path =
      NSTemporaryDirectory()
      + "synfire-interruption-\(ProcessInfo.processInfo.processIdentifier).h5"
    func wave(_ channels: Int) -> Tensor<Double> {
      Tensor(
        axes: ["time", "channel"], shape: [500, channels],
        values: (0..<500 * channels).map {
          sin(0.02 * Double($0 / channels + 30 * ($0 % channels)))
        })
    }
    let tensors = NamedTensors([("factors", wave(3)), ("outputs", wave(2))])
    try? TensorFile.write(path, tensors)
    return [
      "train", "rate-to-spike/custom", "--set", "targets=\(path)", "--set", "batches=40",
      "--set", "trialsPerBatch=2", "--set", "neurons=150", "--set", "learning.settlingTrials=3",
      "--set", "learning.averagingTrials=6", "--set", "training.validation={every: 8, trials: 2}",
      "--set", "training.test.trials=2", "--set", "training.checkpointEvery=2",
      "--set", "analysis=[]", "--out", "run",
    ]
  }()

  private struct Ending: Equatable {
    let parameters: NamedTensors<Float>
    let preciseState: NamedTensors<Double>
    let state: NamedTensors<Float>
    let losses: [Double]?
    let validation: [Double]?
    let log: [[String: JSONValue]]

    init(_ folder: WorkFolder) throws {
      let checkpoint = try Checkpoint(contentsOf: folder.at("run/run.h5"))
      parameters = checkpoint.parameters
      preciseState = checkpoint.preciseState
      state = checkpoint.state
      losses = checkpoint.training["loss"]
      validation = checkpoint.validation["loss"]
      log = try JSONLines.read(folder.at("run/log.jsonl"))
    }
  }

  private func uninterrupted(
    _ arguments: [String] = arguments, threads: Int
  ) throws -> Ending {
    let folder = try WorkFolder()
    let outcome = try Program.run(arguments + ["--threads", "\(threads)"], in: folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    return try Ending(folder)
  }

  @Test(arguments: [arguments, rewired, taught])
  func killedAtRandomMomentsARunEndsInTheSameBits(_ arguments: [String]) throws {
    let reference = try uninterrupted(arguments, threads: 2)
    #expect(reference.log.count == 40 + 5 + 1)
    let other = try uninterrupted(arguments, threads: 1)
    #expect(reference == other)
    let folder = try WorkFolder()
    var random = RandomStream(seed: UInt64(Date().timeIntervalSince1970), stream: "kills")
    var advances = 0
    var batch = -1
    for attempt in 0..<20 {
      let resumes = folder.exists("run/run.h5")
      let running = try Running(
        arguments + ["--threads", "\(1 + attempt % 2)"] + (resumes ? ["--resume"] : []),
        in: folder)
      // Most kills come while it trains, the others while it starts.
      if attempt % 4 != 0 { running.wait(for: "batch ") }
      usleep(UInt32(random.uniform() * 120_000))
      running.signal(SIGKILL)
      _ = try running.wait()
      guard folder.exists("run/run.h5") else { continue }
      let (kept, notice) = try RunFolder.read(at: folder.at("run")).readCheckpoint()
      #expect(notice == nil)
      #expect(kept.batch >= batch)
      if kept.batch > batch { advances += 1 }
      batch = kept.batch
    }
    let last = try Program.run(arguments + ["--resume"], in: folder)
    #expect(last.code == 0, "\(last.errors)")
    #expect(advances >= 2)
    #expect(try Ending(folder) == reference)
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func aSignalStopsAfterACheckpoint(_ number: Int32) throws {
    let reference = try uninterrupted(threads: 2)
    let folder = try WorkFolder()
    let running = try Running(Self.arguments, in: folder)
    running.wait(for: "batch 3/")
    running.signal(number)
    let stopped = try running.wait()
    #expect(stopped.code == 128 + number, "\(stopped.errors)")
    #expect(stopped.errors.contains("--resume"))
    let kept = try Checkpoint(contentsOf: folder.at("run/run.h5"))
    #expect(kept.batch >= 3 && kept.batch < 40)
    // Every batch that was trained is in the checkpoint.
    #expect(kept.training.rows == kept.batch)
    let log = try JSONLines.read(folder.at("run/log.jsonl"))
    #expect(log.filter { $0["event"] == "training" }.count == kept.batch)
    let resumed = try Program.run(Self.arguments + ["--resume"], in: folder)
    #expect(resumed.code == 0, "\(resumed.errors)")
    #expect(resumed.errors.contains("goes on after batch \(kept.batch) of 40"))
    #expect(try Ending(folder) == reference)
  }

  @Test func aFlippedByteIsSaidAndThePreviousCheckpointUsed() throws {
    let reference = try uninterrupted(threads: 2)
    let folder = try WorkFolder()
    let running = try Running(Self.arguments, in: folder)
    running.wait(for: "batch 7/")
    running.signal(SIGTERM)
    _ = try running.wait()
    let file = URL(fileURLWithPath: folder.at("run/run.h5"))
    var bytes = try Data(contentsOf: file)
    bytes[bytes.count / 3] ^= 4
    try bytes.write(to: file)
    let resumed = try Program.run(Self.arguments + ["--resume"], in: folder)
    #expect(resumed.code == 0, "\(resumed.errors)")
    #expect(resumed.errors.contains("warning: "))
    #expect(resumed.errors.contains("run.h5 cannot be used"))
    #expect(resumed.errors.contains("the previous checkpoint"))
    #expect(try Ending(folder) == reference)
  }
}
