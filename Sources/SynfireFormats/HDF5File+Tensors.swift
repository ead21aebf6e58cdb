import CHDF5
import SynfireCore

extension HDF5File {
  /// Writes a tensor with its precision; the attribute `axes` of the dataset names the axes.
  public func write<Scalar: TensorScalar>(_ tensor: Tensor<Scalar>, to name: String) throws {
    try HDF5Library.locked {
      let isFloat = Scalar.self == Float.self
      try write(
        tensor.values, shape: tensor.shape,
        fileType: isFloat ? synfire_hdf5_float32() : synfire_hdf5_float64(),
        memoryType: isFloat ? synfire_hdf5_native_float() : synfire_hdf5_native_double(),
        to: name)
      if !tensor.axes.isEmpty { try setAttribute("axes", tensor.axes, of: name) }
    }
  }

  /// Reads a dataset of any numbers or truth values as a tensor.
  ///
  /// Axes without a name in the file are called `axis0`, `axis1`, ...
  public func tensor<Scalar: TensorScalar>(
    _ name: String, as _: Scalar.Type = Scalar.self
  ) throws -> Tensor<Scalar> {
    try HDF5Library.locked {
      let dataset = try OpenDataset(self, name)
      try dataset.require("numbers") { $0 != .string && $0 != .other }
      let values: [Scalar]
      if dataset.description.element == .boolean {
        values = try dataset.read(Int8.self, as: dataset.type.id).map { Scalar($0) }
      } else if Scalar.self == Float.self {
        values = try dataset.read(Scalar.self, as: synfire_hdf5_native_float())
      } else {
        values = try dataset.read(Scalar.self, as: synfire_hdf5_native_double())
      }
      var axes = unnamedAxes(dataset.shape.count)
      if let named = try? attribute("axes", of: name), case .strings(let names) = named,
        names.count == axes.count
      {
        axes = names
      }
      return Tensor(axes: axes, shape: dataset.shape, values: values)
    }
  }

  /// Writes tensors into a group, one dataset each.
  public func write<Scalar: TensorScalar>(
    _ tensors: NamedTensors<Scalar>, to group: String
  ) throws {
    try HDF5Library.locked {
      try createGroup(group)
      for (name, tensor) in tensors.pairs {
        try write(tensor, to: HDF5File.join(group, name))
      }
      try setAttribute("order", tensors.names, of: group)
    }
  }

  /// Reads all numeric datasets of a group and the groups in it, named relative to it, in the order
  /// in which they were written, or that of the alphabet for files of other programs.
  public func tensors<Scalar: TensorScalar>(
    _ group: String = "/", as _: Scalar.Type = Scalar.self
  ) throws -> NamedTensors<Scalar> {
    try HDF5Library.locked {
      var names = try datasets(under: group)
      if let order = try? attribute("order", of: group), case .strings(let ordered) = order,
        Set(ordered) == Set(names), ordered.count == names.count
      {
        names = ordered
      }
      var result = NamedTensors<Scalar>()
      for name in names {
        let path = HDF5File.join(group, name)
        guard try describe(path).isNumeric else { continue }
        result[name] = try tensor(path)
      }
      return result
    }
  }

  /// Writes spikes as bytes 0 and 1, axes [time, trial, neuron], compressed.
  public func write(_ spikes: SpikeTensor, to name: String) throws {
    try HDF5Library.locked {
      var bytes = [UInt8](repeating: 0, count: spikes.steps * spikes.trials * spikes.neurons)
      for row in 0..<spikes.steps * spikes.trials {
        let (step, trial) = row.quotientAndRemainder(dividingBy: spikes.trials)
        spikes.forEachSpike(step: step, trial: trial) { bytes[row * spikes.neurons + $0] = 1 }
      }
      try write(
        bytes, shape: [spikes.steps, spikes.trials, spikes.neurons],
        fileType: synfire_hdf5_uint8(), memoryType: synfire_hdf5_native_uint8(),
        compression: max(storage.compression, 4), to: name)
      try setAttribute("axes", ["time", "trial", "neuron"], of: name)
    }
  }

  /// Reads spikes [time, trial, neuron]; anything but 0 and 1 is an error.
  public func spikes(_ name: String) throws -> SpikeTensor {
    let tensor: Tensor<Float> = try tensor(name)
    guard tensor.shape.count == 3, let spikes = SpikeTensor(dense: tensor) else {
      throw FormatsError(
        tensor.shape.count == 3
          ? "spikes other than 0 and 1" : "spikes of shape \(tensor.shape)",
        place: place(name), remedy: "Spikes are 0 or 1, with axes [time, trial, neuron].")
    }
    return spikes
  }

  /// Writes integers in 64 bits.
  public func write(_ integers: [Int], to name: String) throws {
    try HDF5Library.locked {
      try write(
        integers, shape: [integers.count], fileType: synfire_hdf5_int64(),
        memoryType: synfire_hdf5_native_int64(), to: name)
    }
  }

  /// Reads integers of any width, all axes flattened.
  public func integers(_ name: String) throws -> [Int] {
    try HDF5Library.locked {
      let dataset = try OpenDataset(self, name)
      try dataset.require("integers") { if case .integer = $0 { true } else { false } }
      return try dataset.read(Int.self, as: synfire_hdf5_native_int64())
    }
  }

  /// Writes bytes.
  public func write(_ bytes: [UInt8], to name: String) throws {
    try HDF5Library.locked {
      try write(
        bytes, shape: [bytes.count], fileType: synfire_hdf5_uint8(),
        memoryType: synfire_hdf5_native_uint8(), to: name)
    }
  }

  /// Reads a dataset of bytes, all axes flattened.
  public func bytes(_ name: String) throws -> [UInt8] {
    try HDF5Library.locked {
      let dataset = try OpenDataset(self, name)
      try dataset.require("bytes") { $0 == .integer(bits: 8, isSigned: false) }
      return try dataset.read(UInt8.self, as: synfire_hdf5_native_uint8())
    }
  }

  /// Creates a group, and those on the way to it, unless it is there.
  public func createGroup(_ group: String) throws {
    try HDF5Library.locked {
      if exists(group) { return }
      let links = try HDF5Handle(
        H5Pcreate(synfire_hdf5_link_creation()), H5Pclose, "create the group", place(group))
      H5Pset_create_intermediate_group(links.id, 1)
      H5Pset_char_encoding(links.id, H5T_CSET_UTF8)
      _ = try HDF5Handle(
        H5Gcreate2(identifier, group, links.id, 0, 0), H5Gclose, "create the group", place(group))
    }
  }

  static func join(_ group: String, _ name: String) -> String {
    group.isEmpty || group == "/" ? name : "\(group)/\(name)"
  }
}

/// Names for the axes of a tensor whose file gives them none.
func unnamedAxes(_ count: Int) -> [String] { (0..<count).map { "axis\($0)" } }
