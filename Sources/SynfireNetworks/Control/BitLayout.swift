import SynfireCore

/// Where the elements of tensors are among the bits of a member's connections.
///
/// A kernel has its bits in the order in which it reads them, which is not that of the tensors. Element e of
/// tensor k is bit `places[k][e] % 64` of word `places[k][e] / 64`; no two elements share a place, and bits
/// that no element has are never set.
public struct BitLayout: Sendable {
  /// The number of words, a multiple of 16.
  public let words: Int
  /// The tensors of probabilities.
  public let tensors: [ParameterSpecification]
  /// For every tensor, the place of each of its elements.
  public let places: [[UInt32]]

  /// - Parameter words: at least as many as the places need; rounded up to a multiple of 16.
  public init(words: Int, tensors: [ParameterSpecification], places: [[UInt32]]) {
    self.words = paddedToLanes(words)
    self.tensors = tensors
    self.places = places
    precondition(tensors.count == places.count)
    precondition(places.allSatisfy { $0.allSatisfy { $0 < UInt32(words) << 6 } })
  }

  /// Bits in the order of the tensors' elements.
  public init(tensors: [ParameterSpecification]) {
    var first = 0
    let places = tensors.map { tensor in
      let count = tensor.shape.reduce(1, *)
      defer { first += count }
      return (first..<first + count).map { UInt32($0) }
    }
    self.init(words: (first + 63) / 64, tensors: tensors, places: places)
  }

  /// The number of connections that there can be.
  public var count: Int { places.reduce(0) { $0 + $1.count } }

  /// The connections whose numbers are above 0.5.
  public func bits(_ numbers: NamedTensors<some TensorScalar>) -> [UInt64] {
    var words = [UInt64](repeating: 0, count: words)
    for (tensor, places) in zip(tensors, places) {
      for (place, number) in zip(places, numbers[tensor.name]!.values) where number > 0.5 {
        words[Int(place >> 6)] |= 1 << UInt64(place & 63)
      }
    }
    return words
  }

  /// Connections as tensors of zeros and ones.
  public func tensors(_ words: UnsafePointer<UInt64>) -> NamedTensors<Float> {
    gather { words[Int($0 >> 6)] >> UInt64($0 & 63) & 1 == 1 ? 1 : 0 }
  }

  /// Tensors whose elements are a function of the element's place.
  public func gather<Scalar: TensorScalar>(_ value: (UInt32) -> Scalar) -> NamedTensors<Scalar> {
    NamedTensors(
      zip(tensors, places).map { tensor, places in
        (
          tensor.name,
          Tensor(axes: tensor.axes, shape: tensor.shape, values: places.map(value))
        )
      })
  }
}
