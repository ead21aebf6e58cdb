import SynfireCore
import SynfireFormats
import SynfireLearning
import SynfireNetworks

/// Explicitly given trials, from a safetensors, npz or HDF5 file.
///
/// | tensor | shape |
/// |---|---|
/// | `inputs` | [time, trial, channel] |
/// | `targets` | classes [trial], or values [time, trial, output] |
/// | `lengths` | steps of each trial [trial], if they have lengths of their own |
public struct TrialsFile: Sendable {
  /// What the network should answer.
  public enum Targets: Sendable {
    case classes([Int])
    /// [time, trial, output].
    case values(Tensor<Double>)
  }

  /// [time, trial, channel].
  public let inputs: Tensor<Double>
  /// Nil when the file has none, as is enough to simulate.
  public let targets: Targets?
  /// Steps of each trial; nil where all have every step.
  public let lengths: [Int]?

  /// Reads trials for a network.
  ///
  /// - Throws: `FormatsError` if the file cannot be read, `TrainingError` if a tensor is missing, has
  ///   another shape, or numbers that are not finite.
  public init(contentsOf path: String, for network: Network) throws {
    let tensors: NamedTensors<Double> = try TensorFile.read(path)
    guard let inputs = tensors["inputs"] else {
      throw TrainingError(
        "there is no tensor `inputs`", place: path,
        remedy: "write `inputs` [time, trial, channel]; the file holds "
          + (tensors.names.isEmpty ? "nothing" : tensors.names.joined(separator: ", ")))
    }
    guard inputs.shape.count == 3, inputs.shape[2] == network.inputs, inputs.count > 0 else {
      throw TrainingError(
        "`inputs` has shape \(inputs.shape)", place: path,
        remedy: "give it [time, trial, channel] with \(network.inputs) channels")
    }
    self.inputs = Tensor(
      axes: ["time", "trial", "channel"], shape: inputs.shape, values: inputs.values)
    targets = try tensors["targets"].map { try Targets($0, path: path) }
    lengths = try tensors["lengths"].map {
      try Self.lengths($0, steps: inputs.shape[0], trials: inputs.shape[1], path: path)
    }
    for (name, tensor) in tensors.pairs where ["inputs", "targets"].contains(name) {
      guard let position = tensor.firstNonFinite else { continue }
      throw TrainingError("`\(name)` is not finite at \(position)", place: path)
    }
    for (name, counts) in [("inputs", [inputs.shape[0]]), ("lengths", lengths ?? [])] {
      do {
        for steps in counts { try network.readout.validate(steps: steps) }
      } catch let error as NetworkError {
        throw TrainingError(
          "`\(name)`: \(error.what)", place: path, remedy: "give trials of whole windows")
      }
    }
  }

  private static func lengths(
    _ tensor: Tensor<Double>, steps: Int, trials: Int, path: String
  ) throws -> [Int] {
    guard tensor.shape == [trials] else {
      throw TrainingError(
        "`lengths` has shape \(tensor.shape)", place: path, remedy: "give it [trial]: [\(trials)]")
    }
    return try tensor.values.enumerated().map { trial, value in
      guard let length = Int(exactly: value), (1...steps).contains(length) else {
        throw TrainingError(
          "trial \(trial) has length \(value)", place: path,
          remedy: "lengths are whole numbers of steps from 1 to \(steps)")
      }
      return length
    }
  }

  /// The inputs for the fast engine: spikes when all numbers are 0 or 1.
  public var trialInputs: TrialInputs {
    if let spikes = SpikeTensor(dense: inputs) { return .spikes(spikes) }
    return .analog(inputs.converted())
  }

  /// The trials for the fast engine.
  ///
  /// - Throws: `TrainingError` if there are no targets.
  public func batch(named path: String) throws -> TrialBatch {
    TrialBatch(
      inputs: trialInputs, targets: try requiredTargets(named: path).single, lengths: lengths)
  }

  func requiredTargets(named path: String) throws -> Targets {
    if let targets { return targets }
    throw TrainingError(
      "there is no tensor `targets`", place: path,
      remedy: "write `targets`: classes [trial], or values [time, trial, output]")
  }

  /// - Throws: `TrainingError` if `targets` is missing, or not what a loss compares the readout of a network
  ///   with.
  func validateTargets(of network: Network, _ loss: Loss, named path: String) throws {
    let targets = try requiredTargets(named: path).single
    let shape = network.readout.shape(steps: inputs.shape[0], trials: inputs.shape[1]).shape
    do {
      try loss.validate(targets, readoutShape: shape)
    } catch let error as LearningError {
      let rows = shape.dropLast()
      let wanted =
        loss.wantsClasses
        ? "\(rows.reduce(1, *)) classes [\(rows.count == 1 ? "trial" : "window and trial")] from 0 to "
          + "\(shape.last! - 1)"
        : "values [time, trial, output] of shape \(shape)"
      throw TrainingError("`targets`: \(error.what)", place: path, remedy: "give \(wanted)")
    }
  }
}

extension TrialsFile.Targets {
  /// The same for the fast engine.
  var single: TrialTargets {
    switch self {
    case .classes(let classes): .classes(classes)
    case .values(let values): .values(values.converted())
    }
  }

  fileprivate init(_ tensor: Tensor<Double>, path: String) throws {
    switch tensor.shape.count {
    case 1:
      let classes = tensor.values.map { Int(exactly: $0) ?? -1 }
      if let wrong = classes.firstIndex(where: { $0 < 0 }) {
        throw TrainingError(
          "target \(tensor.values[wrong]) of trial \(wrong) is no class", place: path,
          remedy: "classes are whole numbers from 0")
      }
      self = .classes(classes)
    case 3:
      self = .values(
        Tensor(axes: ["time", "trial", "output"], shape: tensor.shape, values: tensor.values))
    default:
      throw TrainingError(
        "`targets` has shape \(tensor.shape)", place: path,
        remedy: "give classes [trial], or values [time, trial, output]")
    }
  }
}
