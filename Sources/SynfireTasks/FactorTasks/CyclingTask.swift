import SynfireCore
import SynfireFormats

/// Cycling with the arms: twelve factors of a recorded population and the activity of three muscles over
/// four pedal cycles of half a second, at steps of 1 ms (DePasquale et al. 2023, `cycling_data.mat`).
///
/// One trial: the input is `pulse` during the first `pulseSteps` steps and 0 after; targets are the factors,
/// then the muscles. All trials are alike.
public struct CyclingTask: TrialTask {
  public static let dataSet = "factor-based-snn"
  public static let fileName = "cycling_data.mat"
  public static let factors = 12
  public static let muscles = 3
  public static let steps = 2000
  private static let pulse: Float = 2
  private static let pulseSteps = 50

  public let name = "cycling"
  public var inputChannels: Int { 1 }
  public var outputs: Int { Self.factors + Self.muscles }
  public var factors: Int { Self.factors }
  public var steps: Int { Self.steps }
  /// Axes [time, output]: factors, then muscles.
  public let targets: Tensor<Float>
  private let path: String

  /// - Parameter directory: the data directory; nil if the user has named none.
  /// - Throws: `TasksError` when the file is missing or not what it should be, `FormatsError` when it is
  ///   damaged.
  public init(directory: String?) throws {
    path = try Self.files(directory, folder: "cycling").path(Self.fileName)
    let file = try MATLABFile(path)
    let factors = try Self.tensor("factors", of: file, shape: [Self.steps, Self.factors])
    let muscles = try Self.tensor("emg", of: file, shape: [Self.steps, Self.muscles])
    var targets = Tensor<Float>(
      axes: ["time", "output"], shape: [Self.steps, Self.factors + Self.muscles])
    for time in 0..<Self.steps {
      for index in 0..<Self.factors { targets[time, index] = Float(factors[time, index]) }
      for index in 0..<Self.muscles {
        targets[time, Self.factors + index] = Float(muscles[time, index])
      }
    }
    self.targets = targets
  }

  /// The files of the published repository.
  static func files(_ directory: String?, folder: String) throws -> DataFiles {
    try DataFiles(
      dataSet: dataSet, directory: directory,
      origin: "Get it from github.com/briandepasquale/factor-based-spiking-nets, folder \(folder).")
  }

  /// A variable of such a file.
  static func tensor(
    _ name: String, of file: MATLABFile, shape: [Int]
  ) throws -> Tensor<Double> {
    let tensor: Tensor<Double> = try file.tensor(name)
    guard tensor.shape == shape else {
      throw TasksError("\(name) has shape \(tensor.shape) instead of \(shape)", place: file.path)
    }
    if let position = tensor.firstNonFinite {
      throw TasksError("\(name) is not finite at \(position)", place: file.path)
    }
    return tensor
  }

  /// The input at a step of a trial.
  static func input(at time: Int) -> Float { time < pulseSteps ? pulse : 0 }

  public func size(of split: Split) -> Int? { nil }

  public func batch(_ split: Split, index: Int, trials: Int, seed: UInt64) throws -> TrialBatch {
    try checkBatch(name: name, index: index, trials: trials)
    var inputs = Tensor<Float>(axes: ["time", "trial", "channel"], shape: [steps, trials, 1])
    for index in inputs.values.indices { inputs.values[index] = Self.input(at: index / trials) }
    var values: [Float] = []
    values.reserveCapacity(steps * trials * outputs)
    for time in 0..<steps {
      for _ in 0..<trials {
        values += targets.values[time * outputs..<(time + 1) * outputs]
      }
    }
    return TrialBatch(
      inputs: .analog(inputs),
      targets: .values(
        Tensor(axes: ["time", "trial", "output"], shape: [steps, trials, outputs], values: values)))
  }

  /// `factorError` and `outputError`: the squared error of a trial over its squared targets, of the factors
  /// and of the muscles; the median over trials.
  public func metrics(readout: Tensor<Float>, of batch: TrialBatch) -> [String: Double] {
    [
      "factorError": normalizedError(readout, batch, outputs: 0..<Self.factors),
      "outputError": normalizedError(readout, batch, outputs: Self.factors..<outputs),
    ].compactMapValues { $0 }
  }

  public func dataHashes() throws -> [String: String] { [path: try rawSHA256(path: path)] }
}
