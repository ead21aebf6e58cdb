import SynfireCore

/// Anyone's own targets and inputs, from a file: see `CustomTargets`.
///
/// Targets are the factors times `factorScale`, then the outputs times `outputScales`. Training draws trials at random
/// from those of its split. Validation and test show each trial of theirs once, in a random order, and begin
/// anew in another one. A sample is held for `stepsPerSample` steps. Where the file has no inputs, one channel
/// is `pulse` during the first `pulseSteps` steps of a trial, and 0 after.
public struct CustomTask: TrialTask {
  /// How the file becomes trials.
  public struct Presentation: Sendable, Equatable {
    public var stepsPerSample = 1
    public var factorScale = 1.0
    /// One number an output; none leaves all outputs as they are.
    public var outputScales: [Double] = []
    public var inputScale = 1.0
    public var pulse = 2.0
    public var pulseSteps = 50

    public init() {}
  }

  /// `CustomTargets.factorAmplitude` of the recordings of cycling (DePasquale et al. 2023): that for which
  /// the constants of the method were chosen.
  public static let usualFactorAmplitude = 17.0
  /// The root mean square of an output that drives a rate network which makes factors; about that of a muscle
  /// in reaching.
  public static let usualOutputAmplitude = 0.5
  /// The pulse that begins a trial of cycling.
  public static let usualInputAmplitude = 2.0

  public let name = "custom"
  public let targets: CustomTargets
  public let presentation: Presentation
  private let path: String

  /// - Parameter path: of the file that the targets were read from.
  public init(_ targets: CustomTargets, path: String, presentation: Presentation = .init()) {
    self.targets = targets
    self.path = path
    self.presentation = presentation
  }

  public var inputChannels: Int { max(1, targets.sizes.inputs) }
  public var factors: Int { targets.sizes.factors }
  public var outputs: Int { factors + targets.sizes.outputs }
  public var steps: Int { targets.sizes.samples * presentation.stepsPerSample }

  public func size(of split: Split) -> Int? { nil }

  public func batch(_ split: Split, index: Int, trials: Int, seed: UInt64) throws -> TrialBatch {
    try checkBatch(name: name, index: index, trials: trials)
    let numbers = try numbers(split, index: index, trials: trials, seed: seed)
    var inputs = Tensor<Float>(
      axes: ["time", "trial", "channel"], shape: [steps, trials, inputChannels])
    var values = Tensor<Float>(
      axes: ["time", "trial", "output"], shape: [steps, trials, outputs])
    let outputScales =
      presentation.outputScales.isEmpty
      ? [Double](repeating: 1, count: targets.sizes.outputs) : presentation.outputScales
    let factorScales = [Double](repeating: presentation.factorScale, count: factors)
    let inputScales = [Double](repeating: presentation.inputScale, count: targets.sizes.inputs)
    for (trial, number) in numbers.enumerated() {
      copy(targets.factors, number, to: &values, trial, from: 0, scales: factorScales)
      copy(targets.outputs, number, to: &values, trial, from: factors, scales: outputScales)
      if targets.sizes.inputs > 0 {
        copy(
          targets.inputs, targets.inputs.shape[0] == 1 ? 0 : number, to: &inputs, trial, from: 0,
          scales: inputScales)
      } else {
        for time in 0..<min(steps, presentation.pulseSteps) {
          inputs.values[time * trials + trial] = Float(presentation.pulse)
        }
      }
    }
    let lengths = numbers.map { targets.lengths[$0] * presentation.stepsPerSample }
    return TrialBatch(
      inputs: .analog(inputs), targets: .values(values), conditions: ["trial": numbers],
      lengths: lengths.allSatisfy { $0 == steps } ? nil : lengths)
  }

  /// The trials of a batch.
  private func numbers(
    _ split: Split, index: Int, trials: Int, seed: UInt64
  ) throws -> [Int] {
    let pool = targets.trials(of: split)
    guard !pool.isEmpty else {
      throw TasksError(
        "no trial is for \(split.rawValue)", place: path,
        remedy: "Mark some in the array that splits the trials.")
    }
    let stream = RandomStream(seed: seed, stream: "custom \(split.rawValue) trials")
    var (pass, order): (Int, [Int]) = (-1, [])
    return (index * trials..<(index + 1) * trials).map { count in
      if split == .training {
        var draw = stream.at(step: UInt64(count), trial: 0)
        return pool[draw.integer(below: pool.count)]
      }
      if count / pool.count != pass {
        pass = count / pool.count
        var draw = stream.at(step: UInt64(pass), trial: 0)
        order = draw.permutation(pool.count)
      }
      return pool[order[count % pool.count]]
    }
  }

  /// Copies the samples of a trial, each held, into the channels of a batch from `first` on.
  private func copy(
    _ source: Tensor<Double>, _ number: Int, to batch: inout Tensor<Float>, _ trial: Int,
    from first: Int, scales: [Double]
  ) {
    let (trials, width) = (batch.shape[1], batch.shape[2])
    let (samples, channels) = (source.shape[1], source.shape[2])
    for time in 0..<steps where channels > 0 {
      let start = (number * samples + time / presentation.stepsPerSample) * channels
      let row = (time * trials + trial) * width + first
      for channel in 0..<channels {
        batch.values[row + channel] = Float(scales[channel] * source.values[start + channel])
      }
    }
  }

  /// `factorError` and `outputError`: the squared error of a trial over its squared targets, of factors and
  /// of outputs; the median over the trials that have targets other than 0.
  public func metrics(readout: Tensor<Float>, of batch: TrialBatch) -> [String: Double] {
    var result: [String: Double] = [:]
    if factors > 0 {
      result["factorError"] = normalizedError(readout, batch, outputs: 0..<factors)
    }
    if outputs > factors {
      result["outputError"] = normalizedError(readout, batch, outputs: factors..<outputs)
    }
    return result
  }

  public func dataHashes() throws -> [String: String] { [path: try rawSHA256(path: path)] }
}
