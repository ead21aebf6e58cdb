/// Tensors by name, in a fixed order: the parameters of a network, their gradients, optimizer moments.
public struct NamedTensors<Scalar: TensorScalar>: Sendable, Equatable {
  public private(set) var names: [String] = []
  private var tensors: [String: Tensor<Scalar>] = [:]

  public init() {}

  public init(_ pairs: [(String, Tensor<Scalar>)]) {
    for (name, tensor) in pairs { self[name] = tensor }
  }

  /// The tensor of that name; assigning a new name appends it.
  public subscript(name: String) -> Tensor<Scalar>? {
    get { tensors[name] }
    set {
      if tensors[name] == nil, newValue != nil { names.append(name) }
      if newValue == nil { names.removeAll { $0 == name } }
      tensors[name] = newValue
    }
  }

  /// Changes the tensor of that name in place, without a copy of its elements.
  public mutating func update<Result>(
    _ name: String, _ body: (inout Tensor<Scalar>) throws -> Result
  ) rethrows -> Result {
    precondition(tensors[name] != nil, "no tensor is named \(name)")
    return try body(&tensors[name]!)
  }

  /// Changes two tensors of different names in place.
  public mutating func update<Result>(
    _ first: String, _ second: String,
    _ body: (inout Tensor<Scalar>, inout Tensor<Scalar>) throws -> Result
  ) rethrows -> Result {
    precondition(first != second, "\(first) cannot be changed as two tensors")
    // Taken out of the dictionary, each is uniquely held and is not copied.
    guard var one = tensors.removeValue(forKey: first) else {
      preconditionFailure("no tensor is named \(first)")
    }
    defer { tensors[first] = one }
    return try update(second) { try body(&one, &$0) }
  }

  /// Names and tensors in order.
  public var pairs: [(name: String, tensor: Tensor<Scalar>)] {
    names.map { ($0, tensors[$0]!) }
  }

  /// The number of elements of all tensors.
  public var count: Int { tensors.values.reduce(0) { $0 + $1.count } }

  /// The same numbers in another precision.
  @inlinable
  public func converted<Other: TensorScalar>(to: Other.Type = Other.self) -> NamedTensors<Other> {
    NamedTensors<Other>(pairs.map { ($0.name, $0.tensor.converted()) })
  }

  /// Tensors of the same names and shapes, all elements zero.
  public func zeros() -> NamedTensors {
    NamedTensors(pairs.map { ($0.name, Tensor(axes: $0.tensor.axes, shape: $0.tensor.shape)) })
  }
}
