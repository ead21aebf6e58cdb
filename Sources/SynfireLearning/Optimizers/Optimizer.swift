import SynfireCore

/// Turns gradients into changes of parameters.
public struct Optimizer: Sendable, Equatable {
  /// Where epsilon stands in Adam.
  public enum EpsilonConvention: String, Sendable, Equatable, CaseIterable {
    /// lr m^ / (sqrt(v^) + eps) with m^, v^ corrected for bias (Kingma & Ba 2015; PyTorch).
    case corrected
    /// lr_k m / (sqrt(v) + eps), lr_k = lr sqrt(1 - b2^k) / (1 - b1^k) (TensorFlow 1).
    case uncorrected
  }

  public enum Method: Sendable, Equatable {
    case adam(beta1: Double, beta2: Double, epsilon: Double, convention: EpsilonConvention)
    /// Adam with decay of the weights apart from the gradient (Loshchilov & Hutter 2019).
    case adamW(
      beta1: Double, beta2: Double, epsilon: Double, convention: EpsilonConvention,
      weightDecay: Double)
    /// v = momentum v + g; w -= lr v.
    case gradientDescent(momentum: Double)
  }

  public var method: Method
  public var learningRate: Double
  public var schedule: Schedule

  public init(_ method: Method, learningRate: Double, schedule: Schedule = Schedule()) {
    self.method = method
    self.learningRate = learningRate
    self.schedule = schedule
  }

  /// Adam with the usual constants.
  public static func adam(learningRate: Double, schedule: Schedule = Schedule()) -> Optimizer {
    Optimizer(
      .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, convention: .corrected),
      learningRate: learningRate, schedule: schedule)
  }

  /// Moments of zero for the given parameters: `first.NAME`, and `second.NAME` where the method has it.
  public func initialState<Scalar>(_ parameters: NamedTensors<Scalar>) -> NamedTensors<Scalar> {
    let zeros = parameters.zeros().pairs
    var pairs = zeros.map { ("first.\($0.name)", $0.tensor) }
    if case .gradientDescent = method { return NamedTensors(pairs) }
    pairs += zeros.map { ("second.\($0.name)", $0.tensor) }
    return NamedTensors(pairs)
  }

  /// The learning rate of an update, counted from 0.
  public func learningRate(update: Int) -> Double {
    learningRate * schedule.factor(update: update)
  }

  /// Makes update number `update` (from 0) with the gradient times `scale`.
  public func apply(
    _ gradient: NamedTensors<Float>, scale: Double, update: Int, trainable: [String],
    to parameters: inout NamedTensors<Float>, _ state: inout NamedTensors<Float>
  ) {
    apply(SIMD16<Float>.self, gradient, scale, update, trainable, &parameters, &state)
  }

  /// The same in double precision.
  public func apply(
    _ gradient: NamedTensors<Double>, scale: Double, update: Int, trainable: [String],
    to parameters: inout NamedTensors<Double>, _ state: inout NamedTensors<Double>
  ) {
    apply(Double.self, gradient, scale, update, trainable, &parameters, &state)
  }

  private func apply<Number: Lanes>(
    _ lanes: Number.Type, _ gradient: NamedTensors<Number.Scalar>, _ scale: Double, _ update: Int,
    _ trainable: [String], _ parameters: inout NamedTensors<Number.Scalar>,
    _ state: inout NamedTensors<Number.Scalar>
  ) {
    let rate = learningRate(update: update)
    func adam(
      _ constants: (Double, Double, Double, EpsilonConvention), _ name: String, decay: Double,
      _ gradient: [Number.Scalar], _ values: inout [Number.Scalar]
    ) {
      let (beta1, beta2, epsilon, convention) = constants
      let step = AdamStep<Number>(rate, beta1, beta2, epsilon, convention, update)
      state.update("first.\(name)", "second.\(name)") { first, second in
        step.apply(
          gradient, Number.Scalar(scale), Number.Scalar(decay), &values, &first.values,
          &second.values)
      }
    }
    for name in trainable {
      guard let gradient = gradient[name]?.values else { continue }
      parameters.update(name) { tensor in
        switch method {
        case .adam(let beta1, let beta2, let epsilon, let convention):
          adam((beta1, beta2, epsilon, convention), name, decay: 0, gradient, &tensor.values)
        case .adamW(let beta1, let beta2, let epsilon, let convention, let weightDecay):
          adam(
            (beta1, beta2, epsilon, convention), name, decay: rate * weightDecay, gradient,
            &tensor.values)
        case .gradientDescent(let momentum):
          state.update("first.\(name)") { velocity in
            for index in gradient.indices {
              velocity.values[index] =
                Number.Scalar(momentum) * velocity.values[index]
                + Number.Scalar(scale) * gradient[index]
              tensor.values[index] -= Number.Scalar(rate) * velocity.values[index]
            }
          }
        }
      }
    }
  }
}

/// The constants of one Adam update: w -= rate m / (sqrt(v) root + epsilon).
private struct AdamStep<Number: Lanes> {
  let beta1: Number.Scalar
  let beta2: Number.Scalar
  let rate: Number
  let root: Number
  let epsilon: Number

  init(
    _ learningRate: Double, _ beta1: Double, _ beta2: Double, _ epsilon: Double,
    _ convention: Optimizer.EpsilonConvention, _ update: Int
  ) {
    let power = Double(update + 1)
    let first = 1 - pow(beta1, power)
    let second = (1 - pow(beta2, power)).squareRoot()
    self.beta1 = Number.Scalar(beta1)
    self.beta2 = Number.Scalar(beta2)
    self.epsilon = Number(repeating: Number.Scalar(epsilon))
    switch convention {
    case .corrected:
      rate = Number(repeating: Number.Scalar(learningRate / first))
      root = Number(repeating: Number.Scalar(1 / second))
    case .uncorrected:
      rate = Number(repeating: Number.Scalar(learningRate * second / first))
      root = .one
    }
  }

  func apply(
    _ gradient: [Number.Scalar], _ scale: Number.Scalar, _ decay: Number.Scalar,
    _ values: inout [Number.Scalar], _ first: inout [Number.Scalar],
    _ second: inout [Number.Scalar]
  ) {
    gradient.withUnsafeBufferPointer { gradient in
      values.withUnsafeMutableBufferPointer { values in
        first.withUnsafeMutableBufferPointer { first in
          second.withUnsafeMutableBufferPointer { second in
            guard let gradient = gradient.baseAddress else { return }
            apply(
              gradient, scale, decay, values.baseAddress!, first.baseAddress!,
              second.baseAddress!, count: values.count)
          }
        }
      }
    }
  }

  private func apply(
    _ gradient: UnsafePointer<Number.Scalar>, _ scale: Number.Scalar, _ decay: Number.Scalar,
    _ values: UnsafeMutablePointer<Number.Scalar>, _ first: UnsafeMutablePointer<Number.Scalar>,
    _ second: UnsafeMutablePointer<Number.Scalar>, count: Int
  ) {
    let (keep1, take1) = (Number(repeating: beta1), Number(repeating: 1 - beta1))
    let (keep2, take2) = (Number(repeating: beta2), Number(repeating: 1 - beta2))
    let (scale, decay) = (Number(repeating: scale), Number(repeating: decay))
    for start in stride(from: 0, to: count, by: Number.laneCount) {
      let slice = LaneSlice<Number>(start, of: count)
      let g = slice.load(gradient) * scale
      let m = keep1 * slice.load(first) + take1 * g
      let v = keep2 * slice.load(second) + take2 * g * g
      let w = slice.load(values)
      slice.store(m, first)
      slice.store(v, second)
      slice.store(w - (decay * w + rate * m / (v.roots() * root + epsilon)), values)
    }
  }
}

/// Neighbouring numbers of an array, as many as there are lanes, or those that are left of it.
private struct LaneSlice<Number: Lanes> {
  private let start: Int
  private let count: Int

  @inline(__always)
  init(_ start: Int, of count: Int) {
    self.start = start
    self.count = min(Number.laneCount, count - start)
  }

  /// The numbers, and zeros past the last.
  @inline(__always)
  func load(_ numbers: UnsafePointer<Number.Scalar>) -> Number {
    guard count < Number.laneCount else {
      return UnsafeRawPointer(numbers + start).loadUnaligned(as: Number.self)
    }
    var lanes = Number.zero
    withUnsafeMutableBytes(of: &lanes) {
      $0.copyMemory(
        from: UnsafeRawBufferPointer(UnsafeBufferPointer(start: numbers + start, count: count)))
    }
    return lanes
  }

  @inline(__always)
  func store(_ lanes: Number, _ numbers: UnsafeMutablePointer<Number.Scalar>) {
    guard count < Number.laneCount else {
      return UnsafeMutableRawPointer(numbers + start).storeBytes(of: lanes, as: Number.self)
    }
    withUnsafeBytes(of: lanes) {
      UnsafeMutableRawBufferPointer(
        UnsafeMutableBufferPointer(start: numbers + start, count: count)
      )
      .copyMemory(
        from: UnsafeRawBufferPointer(rebasing: $0[..<(count * MemoryLayout<Number.Scalar>.stride)]))
    }
  }
}
