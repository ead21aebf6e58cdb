/// The memory that training may take, so that a size with too many zeros is an error at its line
/// and not a program that is killed.
final class MemoryBudget {
  /// A parameter in training is itself, its gradient and two moments, in single precision.
  private static let bytesPerParameter = 16.0

  private let bytes: Double
  private var claimed = 0.0

  init(bytes: Int) { self.bytes = Double(bytes) }

  /// Sets memory aside for parameters.
  ///
  /// - Throws: `ExperimentError` at the key when all that was claimed does not fit.
  func claim(
    _ parameters: Double, for what: String, of mapping: ConfigurationMapping, _ key: String
  ) throws {
    try claim(
      bytes: parameters * MemoryBudget.bytesPerParameter, for: what, of: mapping, key,
      remedy: "make the network smaller")
  }

  /// Sets memory aside for anything.
  ///
  /// - Throws: `ExperimentError` at the key when all that was claimed does not fit.
  func claim(
    bytes: Double, for what: String, of mapping: ConfigurationMapping, _ key: String,
    remedy: String
  ) throws {
    claimed += bytes
    guard claimed <= self.bytes else {
      let (needed, there) = ByteCount.texts(needed: claimed, there: self.bytes)
      throw mapping.rejected(
        key, "\(what) need \(needed) of memory to be trained",
        remedy: "\(there) are there: \(remedy)")
    }
  }
}
