import Foundation
import SynfireCore
import SynfireFormats
import SynfireTasks

/// A file of targets as a user may have it, removed with its last reference.
final class CustomFile {
  /// A number by its position.
  typealias Value = (_ trial: Int, _ time: Int, _ channel: Int) -> Double

  let folder: String
  let path: String

  init(_ arrays: [(String, Tensor<Double>)], named name: String = "targets.h5") throws {
    folder = NSTemporaryDirectory() + "synfire-custom-\(UUID().uuidString)"
    path = folder + "/" + name
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    if name.hasSuffix(".mat") {
      try Self.writeMATLAB73(path, arrays)
    } else {
      try TensorFile.write(path, NamedTensors(arrays))
    }
  }

  /// What is read from it.
  func targets(
    names: CustomTargets.Names = .init(), order: CustomTargets.AxisOrder? = nil
  ) throws -> CustomTargets {
    try withExtendedLifetime(self) { try CustomTargets(path, names: names, order: order) }
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// An array [trial, time, channel], or [time, channel] for one trial.
  static func array(
    _ trials: Int?, _ samples: Int, _ channels: Int, _ value: Value = CustomFile.value
  ) -> Tensor<Double> {
    array([trials ?? 1, samples, channels], drop: trials == nil, value)
  }

  private static func array(_ shape: [Int], drop: Bool, _ value: Value) -> Tensor<Double> {
    var values: [Double] = []
    for trial in 0..<shape[0] {
      for time in 0..<shape[1] {
        for channel in 0..<shape[2] { values.append(value(trial, time, channel)) }
      }
    }
    let shape = drop ? Array(shape[1...]) : shape
    return Tensor(axes: shape.indices.map { "axis\($0)" }, shape: shape, values: values)
  }

  static func numbers(_ values: [Double]) -> Tensor<Double> {
    Tensor(axes: ["trial"], shape: [values.count], values: values)
  }

  /// A number that tells its place.
  static func value(_ trial: Int, _ time: Int, _ channel: Int) -> Double {
    Double(trial) + sin(0.3 * Double(time) + Double(channel))
  }

  /// The array with its axes in another order.
  static func permuted(_ tensor: Tensor<Double>, _ order: [Int]) -> Tensor<Double> {
    let shape = order.map { tensor.shape[$0] }
    let count = shape.reduce(1, *)
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in tensor.shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * tensor.shape[axis + 1]
    }
    let values = (0..<count).map { flat -> Double in
      var (rest, source) = (flat, 0)
      for axis in shape.indices.reversed() {
        source += rest % shape[axis] * strides[order[axis]]
        rest /= shape[axis]
      }
      return tensor.values[source]
    }
    return Tensor(axes: shape.indices.map { "axis\($0)" }, shape: shape, values: values)
  }

  /// Version 7.3 is HDF5 behind a header of 512 bytes, axes in the opposite order.
  private static func writeMATLAB73(
    _ path: String, _ arrays: [(String, Tensor<Double>)]
  ) throws {
    try HDF5File.write(to: path) { file in
      for (name, tensor) in arrays {
        try file.write(permuted(tensor, tensor.shape.indices.reversed()), to: name)
        try file.setAttribute("MATLAB_class", "double", of: name)
      }
    }
    let url = URL(fileURLWithPath: path)
    let header = Array("MATLAB 7.3 MAT-file, of a test".utf8)
    let text = header + [UInt8](repeating: 0x20, count: 124 - header.count)
    let block = text + [0, 2] + Array("IM".utf8) + [UInt8](repeating: 0, count: 384)
    // Synfire's seal tells the length of the file, which grows; MATLAB's have none.
    let sealLength = 48
    try (Data(block) + Data(contentsOf: url).dropLast(sealLength)).write(to: url)
  }
}
