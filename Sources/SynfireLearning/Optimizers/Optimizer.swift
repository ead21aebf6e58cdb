import Foundation
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
  public func initialState(_ parameters: NamedTensors<Float>) -> NamedTensors<Float> {
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
    let rate = learningRate(update: update)
    for name in trainable {
      guard let gradient = gradient[name]?.values else { continue }
      parameters.update(name) { tensor in
        switch method {
        case .adam(let beta1, let beta2, let epsilon, let convention):
          adamStep(
            gradient, Float(scale), AdamStep(rate, beta1, beta2, epsilon, convention, update),
            name, decay: 0, &tensor.values, &state)
        case .adamW(let beta1, let beta2, let epsilon, let convention, let weightDecay):
          adamStep(
            gradient, Float(scale), AdamStep(rate, beta1, beta2, epsilon, convention, update),
            name, decay: Float(rate * weightDecay), &tensor.values, &state)
        case .gradientDescent(let momentum):
          state.update("first.\(name)") { velocity in
            for index in gradient.indices {
              velocity.values[index] =
                Float(momentum) * velocity.values[index] + Float(scale) * gradient[index]
              tensor.values[index] -= Float(rate) * velocity.values[index]
            }
          }
        }
      }
    }
  }

  private func adamStep(
    _ gradient: [Float], _ scale: Float, _ step: AdamStep, _ name: String, decay: Float,
    _ values: inout [Float], _ state: inout NamedTensors<Float>
  ) {
    state.update("first.\(name)", "second.\(name)") { first, second in
      step.apply(gradient, scale, decay, &values, &first.values, &second.values)
    }
  }
}

/// The constants of one Adam update: w -= rate m / (sqrt(v) root + epsilon).
private struct AdamStep {
  let beta1: Float
  let beta2: Float
  let rate: Float
  let root: Float
  let epsilon: Float

  init(
    _ learningRate: Double, _ beta1: Double, _ beta2: Double, _ epsilon: Double,
    _ convention: Optimizer.EpsilonConvention, _ update: Int
  ) {
    let power = Double(update + 1)
    let first = 1 - pow(beta1, power)
    let second = (1 - pow(beta2, power)).squareRoot()
    self.beta1 = Float(beta1)
    self.beta2 = Float(beta2)
    self.epsilon = Float(epsilon)
    switch convention {
    case .corrected:
      rate = Float(learningRate / first)
      root = Float(1 / second)
    case .uncorrected:
      rate = Float(learningRate * second / first)
      root = 1
    }
  }

  func apply(
    _ gradient: [Float], _ scale: Float, _ decay: Float, _ values: inout [Float],
    _ first: inout [Float], _ second: inout [Float]
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
    _ gradient: UnsafePointer<Float>, _ scale: Float, _ decay: Float,
    _ values: UnsafeMutablePointer<Float>, _ first: UnsafeMutablePointer<Float>,
    _ second: UnsafeMutablePointer<Float>, count: Int
  ) {
    for start in stride(from: 0, to: count, by: 16) {
      let slice = LaneSlice(start, of: count)
      let g = slice.load(gradient) * scale
      let m = beta1 * slice.load(first) + (1 - beta1) * g
      let v = beta2 * slice.load(second) + (1 - beta2) * g * g
      let w = slice.load(values)
      slice.store(m, first)
      slice.store(v, second)
      slice.store(w - (decay * w + rate * m / (v.roots() * root + epsilon)), values)
    }
  }
}

/// Sixteen neighbouring numbers of an array, or those that are left of it.
private struct LaneSlice {
  private let start: Int
  private let count: Int

  @inline(__always)
  init(_ start: Int, of count: Int) {
    self.start = start
    self.count = min(16, count - start)
  }

  /// The numbers, and zeros past the last.
  @inline(__always)
  func load(_ numbers: UnsafePointer<Float>) -> SIMD16<Float> {
    guard count < 16 else {
      return UnsafeRawPointer(numbers + start).loadUnaligned(as: SIMD16<Float>.self)
    }
    var lanes = SIMD16<Float>.zero
    for lane in 0..<count { lanes[lane] = numbers[start + lane] }
    return lanes
  }

  @inline(__always)
  func store(_ lanes: SIMD16<Float>, _ numbers: UnsafeMutablePointer<Float>) {
    guard count < 16 else {
      return UnsafeMutableRawPointer(numbers + start).storeBytes(of: lanes, as: SIMD16<Float>.self)
    }
    for lane in 0..<count { numbers[start + lane] = lanes[lane] }
  }
}
