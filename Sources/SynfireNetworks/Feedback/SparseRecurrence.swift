import SynfireCore

/// Which neurons reach which through the trained synapses of a recurrence, and Dale's law.
///
/// A `FeedbackNetwork` that has one learns J [neuron, regressor] itself, in place of decoders of rank P:
/// J is 0 between neurons that are not connected, and with signs no weight of a neuron's synapses, whatever
/// their trace, has the other sign than its own; 0 is allowed.
public struct SparseRecurrence: Sendable, Equatable {
  /// The presynaptic neurons of each neuron, ascending.
  public let inputs: [[Int]]
  /// Of the presynaptic neurons; nil leaves weights free.
  public let signs: Signs?

  /// - Throws: `NetworkError` naming the neuron whose inputs cannot be.
  public init(inputs: [[Int]], signs: Signs? = nil) throws {
    self.inputs = inputs
    self.signs = signs
    for (neuron, list) in inputs.enumerated() {
      guard !list.isEmpty else {
        throw NetworkError(
          "neuron \(neuron) has no input", place: "recurrence",
          remedy: "Connect each neuron to at least one.")
      }
      guard list.allSatisfy(inputs.indices.contains), zip(list, list.dropFirst()).allSatisfy(<)
      else {
        throw NetworkError(
          "the inputs of neuron \(neuron) are not ascending numbers below \(inputs.count)",
          place: "recurrence")
      }
    }
    guard signs.map({ $0.values.count == inputs.count }) ?? true else {
      throw NetworkError(
        "\(signs!.values.count) signs for \(inputs.count) neurons", place: "recurrence")
    }
  }

  /// Each neuron gets the same number of inputs, drawn without repetition; it may be among them.
  ///
  /// - Parameters:
  ///   - probability: that a neuron is connected to another.
  ///   - excitatory: the fraction of neurons whose weights are not negative, those of the lowest numbers;
  ///     nil leaves weights free.
  /// - Throws: `NetworkError` for a probability that leaves neurons without inputs, or a fraction out of
  ///   range.
  public static func drawn(
    neurons: Int, probability: Double, excitatory: Double? = nil, seed: UInt64
  ) throws -> SparseRecurrence {
    let count = inputs(of: neurons, probability: probability)
    guard probability > 0, probability <= 1, count > 0 else {
      throw NetworkError(
        "with a connection probability of \(probability) each of \(neurons) neurons has \(count) "
          + "inputs", place: "recurrence",
        remedy: "Use a probability up to 1 that gives one or more.")
    }
    guard (0...1).contains(excitatory ?? 0) else {
      throw NetworkError(
        "the excitatory fraction \(excitatory!) is not in 0...1", place: "recurrence")
    }
    var stream = RandomStream(seed: seed, stream: "recurrence")
    let lists = (0..<neurons).map { _ in stream.permutation(neurons)[..<count].sorted() }
    let signs = excitatory.map { fraction in
      let positive = Int((fraction * Double(neurons)).rounded())
      return Signs((0..<neurons).map { $0 < positive ? 1 : -1 })
    }
    return try SparseRecurrence(inputs: lists, signs: signs)
  }

  /// The number of inputs that each neuron gets.
  public static func inputs(of neurons: Int, probability: Double) -> Int {
    probability >= 0 && probability <= 1 ? Int((probability * Double(neurons)).rounded()) : 0
  }

  public var neurons: Int { inputs.count }

  /// The regressors that a neuron's row of J may use, by trace and then by input.
  public func regressors(of neuron: Int, traces: Int) -> [Int] {
    (0..<traces).flatMap { trace in inputs[neuron].map { trace * neurons + $0 } }
  }

  /// Whether a matrix [neuron, regressor] is 0 between neurons that are not connected and has no weight of
  /// the wrong sign.
  public func allows(_ weights: Tensor<Double>) -> Bool {
    guard weights.shape.count == 2, weights.shape[0] == neurons, weights.shape[1] % neurons == 0
    else { return false }
    return inputs.indices.allSatisfy { neuron in
      var connected = [Bool](repeating: false, count: neurons)
      for input in inputs[neuron] { connected[input] = true }
      return (0..<weights.shape[1]).allSatisfy { regressor in
        let (value, source) = (weights[neuron, regressor], regressor % neurons)
        guard connected[source] else { return value == 0 }
        return value * Double(signs?.values[source] ?? 0) >= 0
      }
    }
  }
}
