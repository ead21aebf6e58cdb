import SynfireAnalysis
import SynfireCore
import SynfireLearning
import SynfireTasks

/// A task with factors that a rate network makes, in front of its own targets.
///
/// The factors are the leading principal components of what the rate network does in training trials. Those of
/// a trial depend on its batch alone, so that a run can be interrupted anywhere.
public struct TaughtTask: TrialTask {
  public let base: any TrialTask
  public let generator: TargetGenerator
  /// V [unit, factor].
  public let components: Tensor<Double>
  /// The fraction of the recorded second moments that the first components hold, for 1, 2, ... of them.
  public let explained: [Double]
  /// The mean square of each factor.
  public let power: [Double]

  public var name: String { base.name }
  public var inputChannels: Int { base.inputChannels }
  public var factors: Int { taughtFactors + base.factors }
  public var outputs: Int { taughtFactors + base.outputs }
  public var steps: Int { base.steps }
  /// The files that the rate network is from.
  private let files: [String]
  private var taughtFactors: Int { components.shape[1] }

  /// Runs the rate network over `trials` training trials, and finds the components.
  ///
  /// - Parameter files: those that the rate network is from.
  /// - Throws: `AnalysisError` when nothing varies or there are more components than units, errors of the task.
  public init(
    _ base: any TrialTask, generator: TargetGenerator,
    components wanted: TeacherDescription.Components, trials: Int,
    removesMean: Bool = false, files: [String] = [], seed: UInt64
  ) throws {
    self.base = base
    self.files = files
    self.generator = generator
    let pool = WorkerPool(threads: 1)
    var moments = try SecondMoments(neurons: generator.units, pool: pool)
    let units = generator.units
    var sample = [Double](repeating: 0, count: units)
    var index = 0
    // Few trials at a time, whose activity of all units is kept.
    let together = min(trials, 2)
    for first in stride(from: 0, to: trials, by: together) {
      let batch = try base.batch(.training, index: index, trials: together, seed: seed)
      index += 1
      let recorded = try generator.record(Self.drive(batch, of: base, generator))
      for trial in 0..<min(together, trials - first) where Self.isTaught(batch, trial) {
        for time in 0..<(batch.lengths?[trial] ?? batch.steps) {
          let row = (time * together + trial) * units
          for unit in 0..<units { sample[unit] = Double(recorded.values[row + unit]) }
          try moments.add(&sample)
        }
      }
    }
    let found = try moments.components(removingMean: removesMean)
    let count =
      switch wanted {
      case .count(let count): count
      case .holding(let fraction): found.count(above: fraction)
      }
    components = try found.leading(count)
    explained = found.cumulative
    power = found.eigenvalues.prefix(count).map { $0 / Double(moments.samples) }
  }

  /// The trials as the generator takes them: wanted outputs without factors in front.
  private static func drive(
    _ batch: TrialBatch, of base: any TrialTask, _ generator: TargetGenerator
  ) -> TrialBatch {
    guard base.factors > 0, case .values(let values) = batch.targets else { return batch }
    return TrialBatch(
      inputs: batch.inputs, targets: .values(values.outputs(base.factors..<base.outputs)),
      conditions: batch.conditions, lengths: batch.lengths)
  }

  /// Whether a trial is one that the rate network makes factors for.
  private static func isTaught(_ batch: TrialBatch, _ trial: Int) -> Bool {
    batch.conditions["taught"].map { $0[trial] == 1 } ?? true
  }

  public func size(of split: Split) -> Int? { base.size(of: split) }

  public func batch(_ split: Split, index: Int, trials: Int, seed: UInt64) throws -> TrialBatch {
    let batch = try base.batch(split, index: index, trials: trials, seed: seed)
    guard case .values(let wanted) = batch.targets else { return batch }
    let factors = try generator.factors(
      Self.drive(batch, of: base, generator), components: components)
    let (count, width) = (taughtFactors, base.outputs)
    var values: [Float] = []
    values.reserveCapacity(batch.steps * trials * outputs)
    for row in 0..<batch.steps * batch.trials {
      let own = factors.values[row * count..<(row + 1) * count]
      values +=
        Self.isTaught(batch, row % batch.trials) ? own : ArraySlice(repeating: 0, count: count)
      values += wanted.values[row * width..<(row + 1) * width]
    }
    return TrialBatch(
      inputs: batch.inputs,
      targets: .values(
        Tensor(
          axes: wanted.axes, shape: [batch.steps, batch.trials, outputs], values: values)),
      conditions: batch.conditions, lengths: batch.lengths)
  }

  /// `factorError`, the squared error of a trial's factors over their squared targets, the median over
  /// trials; and the metrics of the task itself.
  public func metrics(readout: Tensor<Float>, of batch: TrialBatch) -> [String: Double] {
    guard case .values(let targets) = batch.targets, targets.shape == readout.shape else {
      return [:]
    }
    let own = taughtFactors..<outputs
    let plain = TrialBatch(
      inputs: batch.inputs, targets: .values(targets.outputs(own)), conditions: batch.conditions,
      lengths: batch.lengths)
    var result = base.metrics(readout: readout.outputs(own), of: plain)
    result["factorError"] = normalizedError(readout, batch, outputs: 0..<factors)
    return result
  }

  public func dataHashes() throws -> [String: String] {
    try files.reduce(into: base.dataHashes()) { $0[$1] = try rawSHA256(path: $1) }
  }
}

extension Tensor where Scalar == Float {
  /// Some of the outputs, axes [time, trial, output].
  func outputs(_ range: Range<Int>) -> Tensor {
    let width = shape[2]
    return Tensor(
      axes: axes, shape: [shape[0], shape[1], range.count],
      values: (0..<shape[0] * shape[1]).flatMap { row in
        values[row * width + range.lowerBound..<row * width + range.upperBound]
      })
  }
}
