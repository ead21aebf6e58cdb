import CMATIO
import SynfireCore

extension matvar_t {
  /// MATLAB's name of the class.
  var className: String {
    if isLogical != 0 { return "logical" }
    let names: [(matio_classes, String)] = [
      (MAT_C_EMPTY, "empty"), (MAT_C_CELL, "cell"), (MAT_C_STRUCT, "struct"),
      (MAT_C_OBJECT, "object"), (MAT_C_CHAR, "char"), (MAT_C_SPARSE, "sparse"),
      (MAT_C_DOUBLE, "double"), (MAT_C_SINGLE, "single"), (MAT_C_INT8, "int8"),
      (MAT_C_UINT8, "uint8"), (MAT_C_INT16, "int16"), (MAT_C_UINT16, "uint16"),
      (MAT_C_INT32, "int32"), (MAT_C_UINT32, "uint32"), (MAT_C_INT64, "int64"),
      (MAT_C_UINT64, "uint64"), (MAT_C_FUNCTION, "function_handle"), (MAT_C_OPAQUE, "opaque"),
    ]
    let name = names.first { $0.0 == class_type }?.1 ?? "unknown"
    return isComplex != 0 ? "complex \(name)" : name
  }

  /// Whether it is an array of real numbers or truth values.
  var isNumeric: Bool {
    isComplex == 0 && class_type.rawValue >= MAT_C_DOUBLE.rawValue
      && class_type.rawValue <= MAT_C_UINT64.rawValue
  }

  /// The elements in row-major order.
  func tensor<Scalar: TensorScalar>(
    _ variable: MATLABFile.Variable, _ path: String
  ) throws -> Tensor<Scalar> {
    let shape = variable.shape
    let count = shape.reduce(1, *)
    let axes = shape.indices.map { "axis\($0)" }
    guard count > 0 else { return Tensor(axes: axes, shape: shape) }
    guard let data, data_size > 0, nbytes >= count * Int(data_size) else {
      throw FormatsError(
        "\(variable.name) has fewer elements than its size says", place: path,
        remedy: "Restore the file from a copy.", kind: .damaged)
    }
    func read<Element>(_: Element.Type, _ convert: (Element) -> Scalar) -> [Scalar] {
      let elements = data.assumingMemoryBound(to: Element.self)
      return rowMajor(shape: shape) { convert(elements[$0]) }
    }
    let values: [Scalar]
    switch class_type {
    case MAT_C_DOUBLE: values = read(Double.self) { Scalar($0) }
    case MAT_C_SINGLE: values = read(Float.self) { Scalar($0) }
    case MAT_C_INT8: values = read(Int8.self) { Scalar($0) }
    case MAT_C_UINT8: values = read(UInt8.self) { Scalar($0) }
    case MAT_C_INT16: values = read(Int16.self) { Scalar($0) }
    case MAT_C_UINT16: values = read(UInt16.self) { Scalar($0) }
    case MAT_C_INT32: values = read(Int32.self) { Scalar($0) }
    case MAT_C_UINT32: values = read(UInt32.self) { Scalar($0) }
    case MAT_C_INT64: values = read(Int64.self) { Scalar($0) }
    default: values = read(UInt64.self) { Scalar($0) }
    }
    return Tensor(axes: axes, shape: shape, values: values)
  }
}
