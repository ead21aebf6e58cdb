/// The memory that parameters may take, so that a size with too many zeros is an error at its line
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
    claimed += parameters * MemoryBudget.bytesPerParameter
    guard claimed <= bytes else {
      throw mapping.rejected(
        key, "\(what) need \(MemoryBudget.inWords(claimed)) of memory to be trained",
        remedy: "\(MemoryBudget.inWords(bytes)) are there: make the network smaller")
    }
  }

  private static func inWords(_ bytes: Double) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    var value = bytes
    var unit = 0
    while value >= 1024, unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    let rounded = value < 10 ? (value * 10).rounded() / 10 : value.rounded()
    return "\(rounded) \(units[unit])"
  }
}
