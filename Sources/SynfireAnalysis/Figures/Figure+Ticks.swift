import Foundation

extension Figure {
  /// The figure with ends and ticks of all axes: those it was given, and round ones where the axes
  /// leave them open.
  ///
  /// They are chosen here and not by gnuplot, so that labels never overlap, short logarithmic axes
  /// have numbers too, and the layout knows how wide the labels are.
  func withTicks() -> Figure {
    var figure = self
    for (index, panel) in panels.enumerated() {
      let page = axesRectangle(of: panel)
      let isPerspective = panel.z != nil
      let labels = 4.2 * style.fontSize
      let across = isPerspective ? 5 : min(10, Int((page.right - page.left) / labels))
      let upward = min(10, Int((page.top - page.bottom) / (2 * style.fontSize)))
      figure.panels[index].x.settle(
        over: panel.shown { $0.x }, isLoose: isPerspective, intervals: across)
      figure.panels[index].y.settle(
        over: panel.shown { $0.y }, isLoose: isPerspective, intervals: isPerspective ? 5 : upward)
      figure.panels[index].z?.settle(
        over: panel.shown { $0.z ?? [] }, isLoose: true, intervals: 6)
    }
    return figure
  }
}

extension Figure.Panel {
  /// The finite numbers along an axis, with the ends of bands and error bars.
  fileprivate func shown(_ values: (Figure.Series) -> [Double]) -> [Double] {
    series.flatMap { series -> [Double] in
      let values = values(series)
      guard let deviation = series.deviation, values == series.y else { return values }
      return zip(values, deviation).flatMap { [$0 - $1, $0 + $1] }
    }.filter(\.isFinite)
  }
}

extension Figure.Axis {
  /// Sets the ends and ticks that are open.
  ///
  /// - Parameters:
  ///   - values: what is drawn along the axis.
  ///   - isLoose: ends lie a little beyond the values and not on ticks, so that labels of axes that
  ///     meet in a corner keep apart.
  ///   - intervals: most intervals between ticks.
  fileprivate mutating func settle(over values: [Double], isLoose: Bool, intervals: Int) {
    let values = isLogarithmic ? values.filter { $0 > 0 } : values
    var (low, high) = (lower ?? values.min() ?? 0, upper ?? values.max() ?? 1)
    if high <= low {
      // One value: room on both sides, to which given ends are kept.
      let room = max(abs(low) * 0.05, low == 0 ? 1 : 0)
      if upper == nil { high = max(low, high) + room }
      if lower == nil { low -= room }
    }
    guard low < high else { return }
    if isLogarithmic {
      lower = lower ?? low * 0.93
      upper = upper ?? high * 1.07
    } else if isLoose {
      let room = 0.04 * (high - low)
      lower = lower ?? low - room
      upper = upper ?? high + room
    } else {
      let step = Self.roundStep(over: high - low, intervals: intervals)
      lower = lower ?? (low / step + 1e-9).rounded(.down) * step
      upper = upper ?? (high / step - 1e-9).rounded(.up) * step
    }
    guard ticks == nil, let lower, let upper else { return }
    ticks =
      isLogarithmic
      ? Self.logarithmicTicks(from: lower, to: upper)
      : Self.linearTicks(from: lower, to: upper, intervals: intervals)
  }

  /// Multiples of 1, 2 or 5 times a power of ten from `lower` to `upper`.
  static func linearTicks(from lower: Double, to upper: Double, intervals: Int) -> [Figure.Tick] {
    let step = roundStep(over: upper - lower, intervals: intervals)
    guard step > 0, upper / step < 1e15, lower / step > -1e15 else { return [] }
    let first = (lower / step - 1e-9).rounded(.up)
    let last = (upper / step + 1e-9).rounded(.down)
    guard first <= last else { return [] }
    let decimals = max(0, Int(-log10(step * 1.000001).rounded(.down)))
    return (0...Int(last - first)).map { index in
      let position = (first + Double(index)) * step
      // As many decimals as the step has, the same on all ticks.
      let isPlain = decimals <= 4 && max(abs(lower), abs(upper)) < 1e6
      let text = isPlain ? String(format: "%.*f", decimals, position) : GnuplotText.short(position)
      return Figure.Tick(position, index + Int(first) == 0 ? "0" : GnuplotText.typographic(text))
    }
  }

  /// Round numbers between two positive ones for a logarithmic axis: 1, 2, 5 times powers of ten, more
  /// of them where the axis is short, and equal steps where it is shorter still.
  static func logarithmicTicks(from lower: Double, to upper: Double) -> [Figure.Tick]? {
    guard lower > 0, upper > lower else { return nil }
    let decades = Int(log10(lower).rounded(.down))...Int(log10(upper).rounded(.up))
    for steps in [
      [1], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 7],
      [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9],
    ] {
      let positions = decades.flatMap { decade in steps.map { $0 * pow(10, Double(decade)) } }
        .filter { $0 >= lower && $0 <= upper }
      if positions.count >= 4 {
        return positions.map {
          Figure.Tick($0, GnuplotText.typographic(GnuplotText.short($0)))
        }
      }
    }
    return linearTicks(from: lower, to: upper, intervals: 5)
  }

  /// The smallest of 1, 2 and 5 times powers of ten that divides a span into at most so many parts.
  private static func roundStep(over span: Double, intervals: Int) -> Double {
    let least = span / Double(max(1, intervals))
    let power = pow(10, log10(least).rounded(.down))
    return [1, 2, 5].map { $0 * power }.first { $0 >= least * (1 - 1e-9) } ?? 10 * power
  }
}
