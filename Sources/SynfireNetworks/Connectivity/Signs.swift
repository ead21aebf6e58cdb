import SynfireCore

/// Dale's law: which presynaptic neurons are excitatory (+1) and which inhibitory (-1).
public struct Signs: Sendable, Equatable {
  /// +1 or -1 for each presynaptic neuron.
  public let values: [Int]

  public init(_ values: [Int]) {
    precondition(values.allSatisfy { abs($0) == 1 })
    self.values = values
  }

  /// int(fraction count) + 1 excitatory neurons after the inhibitory ones (Bellec et al. 2018, code).
  public static func inhibitoryFirst(excitatory fraction: Double, of count: Int) -> Signs {
    let excitatory = min(count, Int(fraction * Double(count)) + 1)
    return Signs(
      [Int](repeating: -1, count: count - excitatory) + [Int](repeating: 1, count: excitatory))
  }

  /// The same in an order that is a function of the seed and a name.
  public func shuffled(seed: UInt64, name: String) -> Signs {
    var stream = RandomStream(seed: seed, stream: "signs \(name)")
    return Signs(stream.permutation(values.count).map { values[$0] })
  }
}
