import SynfireCore

/// The variables of a file of version 7.3, which is HDF5: a dataset a variable with its axes in the opposite
/// order, a group a structure, and the class in the attribute `MATLAB_class`.
final class MATLABVersion73: MATLABContent {
  let variables: [MATLABFile.Variable]
  private let file: HDF5File

  init(_ path: String) throws {
    let file = try HDF5File.open(path)
    self.file = file
    variables = try file.datasets()
      // What cells and objects refer to.
      .filter { !$0.hasPrefix("#") }
      .map { dataset in
        let description = try file.describe(dataset)
        var type = "unknown"
        if case .string(let name)? = try file.attribute("MATLAB_class", of: dataset) { type = name }
        // An empty array is stored as its sizes.
        let isEmpty = try file.attribute("MATLAB_empty", of: dataset) != nil
        return MATLABFile.Variable(
          name: dataset.replacing("/", with: "."),
          shape: isEmpty ? [0, 0] : description.shape.reversed(), type: type,
          isNumeric: !isEmpty && description.isNumeric && Self.classes.contains(type))
      }
  }

  private static let classes: Set<String> = [
    "double", "single", "logical", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64",
    "uint64",
  ]

  func tensor<Scalar: TensorScalar>(_ variable: MATLABFile.Variable) throws -> Tensor<Scalar> {
    let stored: Tensor<Scalar> = try file.tensor(variable.name.replacing(".", with: "/"))
    return Tensor(
      axes: stored.axes, shape: variable.shape,
      values: rowMajor(shape: variable.shape) { stored.values[$0] })
  }
}

/// The elements of a MATLAB array, whose first axis is the fastest, in the order of row-major storage.
///
/// - Parameter element: the element at a position of MATLAB's.
func rowMajor<Element>(shape: [Int], _ element: (Int) -> Element) -> [Element] {
  let count = shape.reduce(1, *)
  var strides = [Int](repeating: 1, count: shape.count)
  for axis in shape.indices.dropFirst() { strides[axis] = strides[axis - 1] * shape[axis - 1] }
  var position = [Int](repeating: 0, count: shape.count)
  var source = 0
  var values: [Element] = []
  values.reserveCapacity(count)
  for _ in 0..<count {
    values.append(element(source))
    var axis = shape.count - 1
    while axis >= 0 {
      position[axis] += 1
      source += strides[axis]
      if position[axis] < shape[axis] { break }
      source -= strides[axis] * shape[axis]
      position[axis] = 0
      axis -= 1
    }
  }
  return values
}
