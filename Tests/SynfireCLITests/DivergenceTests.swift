import Foundation
import Synfire
import Testing

/// A run whose numbers leave the finite ones.
struct DivergenceTests {
  /// A learning rate with which weights overflow at once; every batch has its checkpoint.
  private static let arguments =
    ["train"] + Program.rewired + [
      "--set", "learningRate=1e38", "--set", "training.checkpointEvery=1",
      "--set", "training.validation=none", "--out", "run",
    ]

  @Test(arguments: ["bptt", "e-prop"])
  func aLearningRateThatDivergesStopsTheRun(rule: String) throws {
    let folder = try WorkFolder()
    let set =
      rule == "bptt"
      ? []
      : [
        "--set", "learning.rule=e-prop", "--set", "network.layers.hidden.input.delays=none",
        "--set", "network.layers.hidden.recurrent.delays=none",
        "--set", "training.carriesState=false",
      ]
    let outcome = try Program.run(Self.arguments + set, in: folder)
    #expect(outcome.code == 1, "\(outcome.errors)")
    #expect(outcome.errors.contains("error: batch "))
    #expect(outcome.errors.contains("is not finite"), "\(outcome.errors)")
    #expect(outcome.errors.lowercased().contains("lower the learning rate"))
    #expect(outcome.output.isEmpty)
    let (kept, notice) = try RunFolder.read(at: folder.at("run")).readCheckpoint()
    #expect(notice == nil && !kept.isFinished)
    #expect(outcome.errors.contains("the checkpoint after batch \(kept.batch) is kept"))
    #expect(kept.parameters.pairs.allSatisfy { $0.tensor.values.allSatisfy(\.isFinite) })
    // It can be looked at, and going on says the same.
    let again = try Program.run(["train", "run", "--resume"], in: folder)
    #expect(again.code == 1 && again.errors.contains("is not finite"), "\(again.errors)")
    let tested = try Program.run(["evaluate", "run", "--trials", "4", "--json"], in: folder)
    #expect(tested.code == 0, "\(tested.errors)")
  }

  /// The checkpoint that is kept is of before a validation that went wrong.
  @Test func aValidationThatIsNotFiniteStopsTheRun() throws {
    let folder = try WorkFolder()
    let outcome = try Program.run(
      Self.arguments + ["--set", "training.validation={every: 1, trials: 8}"], in: folder)
    #expect(outcome.code == 1, "\(outcome.errors)")
    #expect(outcome.errors.contains("loss is "), "\(outcome.errors)")
    #expect(outcome.errors.contains("the checkpoint after batch 0 is kept"), "\(outcome.errors)")
  }

  /// Recursive least squares that forgets so much that its inverse correlation loses its meaning.
  @Test func anInverseCorrelationThatIsLostStopsTheRun() throws {
    let folder = try WorkFolder()
    let waves = Tensor<Double>(
      axes: ["time", "channel"], shape: [200, 3],
      values: (0..<600).map { sin(0.05 * Double($0 / 3 + 20 * ($0 % 3))) })
    try TensorFile.write(folder.at("mine.h5"), NamedTensors([("factors", waves)]))
    let outcome = try Program.run(
      [
        "train", "rate-to-spike/custom", "--set", "targets=mine.h5", "--set", "neurons=60",
        "--set", "batches=9", "--set", "trialsPerBatch=2", "--set", "learning.settlingTrials=1",
        "--set", "learning.averagingTrials=2", "--set", "learning.forgetting=0.3",
        "--set", "training.checkpointEvery=1", "--out", "run",
      ], in: folder)
    #expect(outcome.code == 1, "\(outcome.errors)")
    let place = #/error: batch \d+: trial \d+, step \d+: recursive least squares, update \d+: /#
    #expect(outcome.errors.contains(place), "\(outcome.errors)")
    #expect(outcome.errors.contains("the inverse correlation is not positive definite any more"))
    #expect(outcome.errors.contains("Use a forgetting factor nearer to 1"))
    #expect(outcome.output.isEmpty)
    let (kept, notice) = try RunFolder.read(at: folder.at("run")).readCheckpoint()
    #expect(notice == nil && !kept.isFinished && kept.batch > 0)
    #expect(outcome.errors.contains("the checkpoint after batch \(kept.batch) is kept"))
    #expect(kept.parameters.pairs.allSatisfy { $0.tensor.firstNonFinite == nil })
  }
}
