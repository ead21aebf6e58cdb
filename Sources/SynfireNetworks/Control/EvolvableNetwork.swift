import SynfireCore

/// A network that evolution can change: one description, and individuals that live in buffers of their own.
///
/// An individual is mostly a `Controller`; it may be anything that a fitness can be found of.
public protocol EvolvableNetwork: ParameterizedNetwork {
  associatedtype Individual: Sendable

  /// Buffers for one member of a population at a time.
  func makeIndividual() -> Individual

  /// Puts an individual into its initial state, of which a part may be random.
  func reset(_ individual: Individual, _ randomness: inout RandomStream)
}

/// A network whose parameters are the probabilities of connections; a member has each of them or has it not.
public protocol BinaryNetwork: EvolvableNetwork {
  /// Where the connections of every tensor of probabilities are among the bits of a member.
  var layout: BitLayout { get }

  /// Gives an individual its connections.
  ///
  /// - Parameter connections: `layout.words` words.
  func load(connections: UnsafePointer<UInt64>, into individual: Individual)
}

/// A network whose parameters are numbers.
public protocol RealNetwork: EvolvableNetwork {
  /// Gives an individual its weights.
  ///
  /// - Parameter weights: the elements of all tensors of `parameterSpecifications`, one after another.
  func load(weights: UnsafePointer<Float>, into individual: Individual)
}

extension EvolvableNetwork where Individual: Controller {
  public func reset(_ individual: Individual, _ randomness: inout RandomStream) {
    individual.reset(&randomness)
  }
}

extension BinaryNetwork {
  /// Gives an individual connections by name: those whose number is above 0.5.
  ///
  /// Given probabilities, these are the connections of the deterministic network.
  ///
  /// - Throws: `NetworkError` for tensors that do not fit.
  public func load(
    _ connections: NamedTensors<some TensorScalar>, into individual: Individual
  ) throws {
    try validate(connections)
    let words = layout.bits(connections)
    words.withUnsafeBufferPointer { load(connections: $0.baseAddress!, into: individual) }
  }
}

extension RealNetwork {
  /// Gives an individual weights by name.
  ///
  /// - Throws: `NetworkError` for tensors that do not fit.
  public func load(
    _ weights: NamedTensors<some TensorScalar>, into individual: Individual
  ) throws {
    try validate(weights)
    let flat = parameterSpecifications.flatMap { weights[$0.name]!.values.map { Float($0) } }
    flat.withUnsafeBufferPointer { load(weights: $0.baseAddress!, into: individual) }
  }
}
