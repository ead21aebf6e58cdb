import SynfireCore

/// A network in closed loop with a world: it is given an observation and answers with an action.
///
/// An instance holds one set of parameters and one state in buffers of its own, which it fills anew for the
/// next member of a population: nothing is allocated for a step. It belongs to one thread at a time.
public protocol Controller: AnyObject, Sendable {
  /// How many numbers an observation has.
  var observations: Int { get }

  /// How many numbers an action has.
  var actions: Int { get }

  /// Goes to the initial state, of which a part may be random.
  func reset(_ randomness: inout RandomStream)

  /// One step of the environment, from the state that the one before has left.
  ///
  /// - Parameters:
  ///   - observation: `observations` numbers, normalised if they should be.
  ///   - action: `actions` numbers to write.
  func step(_ observation: UnsafePointer<Float>, into action: UnsafeMutablePointer<Float>)

  /// The number of values that a saved state has.
  var stateCount: Int { get }

  /// Writes everything that the future depends on beside the parameters, `stateCount` values.
  func save(_ state: UnsafeMutablePointer<Float>)

  /// Goes back to a saved state.
  func restore(_ state: UnsafePointer<Float>)
}

extension Controller {
  /// One step of the environment.
  ///
  /// - Throws: `NetworkError` when the observation has another size.
  public func step(_ observation: [Float]) throws -> [Float] {
    guard observation.count == observations else {
      throw NetworkError(
        "an observation of \(observation.count) numbers was given to a network for \(observations)",
        place: "\(Self.self)")
    }
    return [Float](unsafeUninitializedCapacity: actions) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      observation.withUnsafeBufferPointer { observation in
        // An empty array may have no address, and then none is read.
        step(observation.baseAddress ?? UnsafePointer(base), into: base)
      }
      count = actions
    }
  }
}
