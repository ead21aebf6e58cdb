import Foundation

/// Numbers of bytes in words, by powers of 1000.
enum ByteCount {
  private static let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]

  /// `12.3 MB`.
  static func text(_ bytes: Double, decimals: Int = 1) -> String {
    var value = bytes
    var unit = 0
    while value >= 1000, unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    let scale = pow(10, Double(decimals))
    return "\((value * scale).rounded() / scale) \(units[unit])"
  }

  /// What is needed and what is there, with as many decimals as tell them apart.
  static func texts(needed: Double, there: Double) -> (needed: String, there: String) {
    let pairs = (1...9).lazy.map {
      (text(needed, decimals: $0), text(there, decimals: $0))
    }
    return pairs.first { $0.0 != $0.1 } ?? pairs.last!
  }
}
