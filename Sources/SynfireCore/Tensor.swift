/// A scalar that tensors hold: `Float` in the engine, `Double` in the reference and the analyses.
public protocol TensorScalar: BinaryFloatingPoint, SIMDScalar, Sendable, Codable {}
extension Float: TensorScalar {}
extension Double: TensorScalar {}

/// A dense array with named axes, the last axis contiguous.
///
/// `axes` and `shape` have one entry an axis; `values` has `shape.reduce(1, *)` elements. Tensors are
/// how parameters, gradients, trials and recordings travel between modules and files; kernels work
/// on packed buffers of their own.
public struct Tensor<Scalar: TensorScalar>: Sendable, Equatable {
  /// The name of each axis, such as `time`, `trial`, `neuron`, `mode`.
  public let axes: [String]
  /// The length of each axis.
  public let shape: [Int]
  /// The elements, the last axis fastest.
  public var values: [Scalar]

  /// Creates a tensor from its elements.
  ///
  /// - Precondition: the counts agree; use `init(validating:)` for data from outside.
  @inlinable
  public init(axes: [String], shape: [Int], values: [Scalar]) {
    precondition(axes.count == shape.count, "\(axes.count) axis names for \(shape.count) axes")
    precondition(values.count == shape.reduce(1, *), "\(values.count) values for shape \(shape)")
    self.axes = axes
    self.shape = shape
    self.values = values
  }

  /// Creates a tensor with every element equal to `value`.
  @inlinable
  public init(axes: [String], shape: [Int], repeating value: Scalar = 0) {
    self.init(
      axes: axes, shape: shape, values: Array(repeating: value, count: shape.reduce(1, *)))
  }

  /// The number of elements.
  public var count: Int { values.count }

  /// The element at the given position, one index an axis.
  public subscript(_ position: Int...) -> Scalar {
    get { values[offset(position)] }
    set { values[offset(position)] = newValue }
  }

  /// The same numbers in another precision.
  @inlinable
  public func converted<Other: TensorScalar>(to: Other.Type = Other.self) -> Tensor<Other> {
    Tensor<Other>(axes: axes, shape: shape, values: values.map { Other($0) })
  }

  /// The position of the first element that is infinite or not a number, if there is one.
  // Inlined so that it is compiled for the type of the numbers: a call for each of them takes a hundred times as long.
  @inlinable
  public var firstNonFinite: [Int]? {
    guard let flat = values.firstIndex(where: { !$0.isFinite }) else { return nil }
    var rest = flat
    var position = [Int](repeating: 0, count: shape.count)
    for axis in shape.indices.reversed() {
      position[axis] = rest % shape[axis]
      rest /= shape[axis]
    }
    return position
  }

  private func offset(_ position: [Int]) -> Int {
    precondition(position.count == shape.count, "\(position.count) indices for shape \(shape)")
    var offset = 0
    for (index, length) in zip(position, shape) {
      precondition(index >= 0 && index < length, "index \(position) outside shape \(shape)")
      offset = offset * length + index
    }
    return offset
  }
}
