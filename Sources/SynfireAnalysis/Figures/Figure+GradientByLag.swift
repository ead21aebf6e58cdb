import Foundation

extension Figure {
  /// How the gradient decays on its way back: its norm against the time before the answer, over that one
  /// step before it.
  ///
  /// - Parameters:
  ///   - curves: name and norm at lags of 1, 2, ... steps.
  ///   - timeStep: dt in seconds.
  public static func gradientByLag(
    _ curves: [(label: String, norm: [Double])], timeStep: Double, style: FigureStyle = .standard
  ) -> Figure {
    // What is further down is nothing to learn from, and would stretch the axis.
    let least = 1e-9
    let relative = curves.map { curve in
      let first = curve.norm.first ?? 0
      return curve.norm.map { $0 > least * first ? $0 / first : .nan }
    }
    let values = relative.joined().filter(\.isFinite)
    let (lowest, highest) = (values.min() ?? 1, values.max() ?? 1)
    let decades = Int(log10(lowest).rounded(.down))...Int(log10(highest * 1.5).rounded(.up))
    let stride = max(1, (decades.count + 3) / 5)
    let ticks = decades.filter { $0 % stride == 0 }.map {
      Tick(pow(10, Double($0)), powerOfTen($0))
    }
    return Figure(
      panels: [
        Panel(
          x: Axis(
            "Time before the answer", unit: "s", from: 0,
            to: Double(curves.map(\.norm.count).max() ?? 1) * timeStep),
          y: Axis(
            "Gradient (relative norm)", isLogarithmic: true,
            from: pow(10, Double(decades.lowerBound)), to: highest * 1.5, ticks: ticks),
          series: zip(curves, relative).enumerated().map { index, curve in
            Series(
              .line, curve.0.label, x: curve.1.indices.map { Double($0 + 1) * timeStep },
              y: curve.1, color: style.color(index), weight: 0.8)
          }, legend: .above)
      ], width: 440, height: 290, style: style)
  }

  /// `10⁻³`; 1 for the power 0.
  private static func powerOfTen(_ exponent: Int) -> String {
    guard exponent != 0 else { return "1" }
    let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
    return "10" + (exponent < 0 ? "⁻" : "")
      + String(String(abs(exponent)).compactMap { $0.wholeNumberValue.map { digits[$0] } })
  }
}
