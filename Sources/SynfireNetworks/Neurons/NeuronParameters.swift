import SynfireCore

/// What differs from neuron to neuron in a layer: a fixed number of values, each as lanes.
///
/// The same type holds the derivatives of the loss with respect to them.
public protocol NeuronParameters<Number>: BitwiseCopyable, Sendable {
  associatedtype Number: Lanes
  /// Values of a neuron. The struct is stored as so many numbers, one after another.
  static var count: Int { get }
  /// All values 0.
  init()
}

extension NeuronParameters where Number == SIMD16<Float> {
  /// The values of one neuron, each in all lanes.
  @inlinable @inline(__always)
  init(repeating values: UnsafePointer<Float>) {
    self.init()
    withUnsafeMutableBytes(of: &self) { bytes in
      for index in 0..<Self.count {
        bytes.storeBytes(
          of: Number(repeating: values[index]), toByteOffset: index &* MemoryLayout<Number>.size,
          as: Number.self)
      }
    }
  }
}

/// The parameters of neurons that are all alike.
public struct NoParameters<Number: Lanes>: NeuronParameters {
  @inlinable @inline(__always)
  public static var count: Int { 0 }

  @inlinable @inline(__always)
  public init() {}
}

/// A value that is the same for all neurons of a layer, or one for each.
public enum PerNeuron: Sendable, Equatable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  case uniform(Double)
  case values([Double])

  public init(floatLiteral value: Double) { self = .uniform(value) }
  public init(integerLiteral value: Int) { self = .uniform(Double(value)) }

  /// All values that occur, for validation.
  public var values: [Double] {
    switch self {
    case .uniform(let value): [value]
    case .values(let values): values
    }
  }

  /// The value of each of `count` neurons.
  ///
  /// - Throws: `NetworkError` when there is another number of values.
  public func expanded(_ count: Int, name: String) throws -> [Double] {
    switch self {
    case .uniform(let value): return [Double](repeating: value, count: count)
    case .values(let values):
      guard values.count == count else {
        throw NetworkError(
          "\(values.count) values of \(name) for \(count) neurons",
          remedy: "Give one value, or one for each neuron.")
      }
      return values
    }
  }
}

/// A kernel whose neurons are all alike, which has less to say.
public protocol UniformNeuronKernel: NeuronKernel where Parameters == NoParameters<Number> {
  /// As `NeuronKernel.step(_:drive:parameters:)`.
  func step(_ state: inout State, drive: Number) -> Emission<Number, Tape>

  /// As `NeuronKernel.adjointStep(_:output:tape:context:parameters:gradient:)`.
  func adjointStep(
    _ adjoint: inout Adjoint, output: Number, tape: Tape, context: StepContext<Number>
  ) -> Number
}

extension UniformNeuronKernel {
  @inlinable @inline(__always)
  public func step(
    _ state: inout State, drive: Number, parameters: NoParameters<Number>
  ) -> Emission<Number, Tape> {
    step(&state, drive: drive)
  }

  @inlinable @inline(__always)
  public func adjointStep(
    _ adjoint: inout Adjoint, output: Number, tape: Tape, context: StepContext<Number>,
    parameters: NoParameters<Number>, gradient: inout NoParameters<Number>
  ) -> Number {
    adjointStep(&adjoint, output: output, tape: tape, context: context)
  }
}
