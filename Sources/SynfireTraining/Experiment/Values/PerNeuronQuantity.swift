import Foundation
import SynfireNetworks

extension ConfigurationMapping {
  /// A quantity of the neurons of a layer: one value for all; a list with a value for each; or
  /// `{from: A, to: B}`, values spread evenly over the last `last` neurons, the others having A.
  ///
  /// `spacing: logarithmic` makes the ratios even in place of the differences.
  func perNeuron(
    _ key: String, default fallback: String? = nil, neurons: Int, over last: Int,
    _ read: (ConfigurationScalar) throws -> Double
  ) throws -> PerNeuron {
    switch form(of: key) {
    case .list:
      let values = try values(key, read)
      guard values.count == neurons else {
        throw rejected(
          key, "there are \(values.count) values for \(neurons) neurons",
          remedy: "give one value for all, one for each, or {from: A, to: B}")
      }
      return .values(values)
    case .mapping:
      return try nested(key) { try $0.spread(neurons: neurons, over: last, read) }
    case .scalar, .absent: return .uniform(try value(key, default: fallback, read))
    }
  }

  /// How values lie between the first and the last.
  private enum Spacing: String, CaseIterable {
    case linear, logarithmic
  }

  private func spread(
    neurons: Int, over last: Int, _ read: (ConfigurationScalar) throws -> Double
  ) throws -> PerNeuron {
    let lowest = try value("from", read)
    let highest = try value("to", read)
    let spacing: Spacing = try value("spacing", default: "linear") { try $0.choice() }
    if spacing == .logarithmic, lowest <= 0 || highest <= 0 {
      throw rejected("spacing", "ratios from or to 0 cannot be even", remedy: "write linear")
    }
    let values = (0..<last).map { index in
      let part = last == 1 ? 0 : Double(index) / Double(last - 1)
      return spacing == .linear
        ? lowest + part * (highest - lowest) : lowest * pow(highest / lowest, part)
    }
    return .values([Double](repeating: lowest, count: neurons - last) + values)
  }
}
