import SynfireCore

/// What a network is to make small.
///
/// A loss is a function of one sum over trials, so that trials can be worked on in blocks: `add` gives a
/// trial's part of the sum and the derivative of the sum; `finish` gives the loss and the factor
/// from one derivative to the other.
public enum Loss: String, Sendable, Equatable, CaseIterable {
  /// sqrt(sum over t, trials, outputs of (y - target)^2).
  case rootSumSquares
  /// Mean over t, trials and outputs of (y - target)^2.
  case meanSquaredError
  /// Mean over trials of the softmax cross-entropy of the logits.
  case crossEntropy
  /// The same with softmax probabilities in place of logits: the softmax is taken twice. Lies between
  /// 1.46115 and 2.3026 (chance) for ten classes (Lin & Huang 2024, code).
  case crossEntropyOnProbabilities

  /// Whether targets are classes rather than values.
  public var wantsClasses: Bool {
    switch self {
    case .rootSumSquares, .meanSquaredError: false
    case .crossEntropy, .crossEntropyOnProbabilities: true
    }
  }

  /// Whether dloss/dsum does not depend on the sum.
  var isMean: Bool { self != .rootSumSquares }

  /// Squared errors: writes dsum/dy, returns the sum.
  ///
  /// - Parameters: `outputs`, `targets` and `adjoint` hold the outputs of one step, of one trial or of several.
  @inlinable
  public func add<Scalar: TensorScalar>(
    outputs: UnsafePointer<Scalar>, targets: UnsafePointer<Scalar>, count: Int,
    adjoint: UnsafeMutablePointer<Scalar>
  ) -> Double {
    var sums = SIMD8<Double>.zero
    for start in stride(from: 0, to: count & ~7, by: 8) {
      for lane in 0..<8 {
        let error = outputs[start + lane] - targets[start + lane]
        adjoint[start + lane] = error
        sums[lane] += Double(error * error)
      }
    }
    var sum = sums.sum()
    for output in (count & ~7)..<count {
      let error = outputs[output] - targets[output]
      adjoint[output] = error
      sum += Double(error * error)
    }
    return sum
  }

  /// A trial's cross-entropy: writes dsum/dlogits, returns the trial's loss; both are 0 where the label
  /// says that there is no target.
  public func add<Scalar: TensorScalar>(
    logits: UnsafePointer<Scalar>, label: Int, count: Int, adjoint: UnsafeMutablePointer<Scalar>
  ) -> Double {
    guard label >= 0 else {
      adjoint.update(repeating: 0, count: count)
      return 0
    }
    let values = (0..<count).map { Double(logits[$0]) }
    let probabilities = Self.softmax(values)
    guard self == .crossEntropyOnProbabilities else {
      for output in 0..<count {
        adjoint[output] = Scalar(probabilities[output] - (output == label ? 1 : 0))
      }
      return Self.logSumExp(values) - values[label]
    }
    let second = Self.softmax(probabilities)
    let slope = second.indices.map { second[$0] - ($0 == label ? 1 : 0) }
    let mean = zip(probabilities, slope).reduce(0) { $0 + $1.0 * $1.1 }
    for output in 0..<count {
      adjoint[output] = Scalar(probabilities[output] * (slope[output] - mean))
    }
    return Self.logSumExp(probabilities) - probabilities[label]
  }

  /// The loss and dloss/dsum from the sum over `targets` classes or `values` numbers.
  public func finish(sum: Double, targets: Int, values: Int) -> (loss: Double, factor: Double) {
    switch self {
    case .rootSumSquares:
      // `add` leaves half of dsum/dy, and dL/dsum is 1 / 2L.
      let root = sum.squareRoot()
      return (root, root == 0 ? 0 : 1 / root)
    case .meanSquaredError:
      return (sum / Double(values), 2 / Double(values))
    case .crossEntropy, .crossEntropyOnProbabilities:
      let count = Double(max(targets, 1))
      return (sum / count, 1 / count)
    }
  }

  static func softmax(_ values: [Double]) -> [Double] {
    let largest = values.max() ?? 0
    let powers = values.map { exp($0 - largest) }
    let total = powers.reduce(0, +)
    return powers.map { $0 / total }
  }

  static func logSumExp(_ values: [Double]) -> Double {
    let largest = values.max() ?? 0
    return largest + log(values.reduce(0) { $0 + exp($1 - largest) })
  }
}
