import SynfireCore

extension Figure {
  /// Trajectories in mode space by class with the attractors: in perspective for three modes, and
  /// in the planes of each pair of modes otherwise.
  ///
  /// Lin and Huang (2024), figure 4a; with an orthogonalised projection, figure 4d.
  ///
  /// - Parameters:
  ///   - trajectories: [time, trial, mode], at least two modes; the first three are shown.
  ///   - axisLabel: the name of a coordinate, to which the number of the mode is added.
  ///   - trialsPerClass: how many trials of each class are drawn.
  ///   - planes: draws the planes of pairs of modes also for three modes.
  /// - Throws: `AnalysisError` for fewer than two modes or classes that do not fit.
  public static func modeSpace(
    _ trajectories: Tensor<Double>, classes: TrialClasses, lastSteps: Int = 10,
    axisLabel: String = "κ", trialsPerClass: Int = 6, planes: Bool = false, title: String = "",
    style: FigureStyle = .standard
  ) throws -> Figure {
    let attractors = try Attractors(of: trajectories, classes: classes, lastSteps: lastSteps)
    let modes = trajectories.shape[2]
    guard modes >= 2 else {
      throw AnalysisError("\(modes) mode, a projection needs two", place: "mode space")
    }
    var curves: [ModeCurve] = []
    for (index, name) in attractors.names.enumerated() {
      let group = classes.names.firstIndex(of: name) ?? index
      for trial in classes.trials(of: group).prefix(trialsPerClass) {
        curves.append(ModeCurve(of: trajectories, trial: trial, color: style.color(index)))
      }
    }
    for (index, name) in attractors.names.enumerated() {
      let center = (0..<modes).map { [attractors.centers[index, $0]] }
      curves.append(
        ModeCurve(
          kind: .markers(.circle), label: name, coordinates: center, color: style.color(index),
          opacity: 1))
    }
    return modeFigure(curves, axisLabel: axisLabel, planes: planes, title: title, style: style)
  }

  /// The ends of ordinary trials by class, and one trial whose context is switched on the way.
  ///
  /// Lin and Huang (2024), figure 4c.
  ///
  /// - Parameters:
  ///   - trajectories: ordinary trials, [time, trial, mode].
  ///   - switched: one trial, [time, 1, mode].
  ///   - switchStep: the step at which the context changes; it is marked.
  public static func switchTrajectory(
    _ trajectories: Tensor<Double>, classes: TrialClasses, switched: Tensor<Double>,
    switchStep: Int? = nil, lastSteps: Int = 10, axisLabel: String = "κ", planes: Bool = false,
    title: String = "", style: FigureStyle = .standard
  ) throws -> Figure {
    let attractors = try Attractors(of: trajectories, classes: classes, lastSteps: lastSteps)
    try switched.check(axes: 3, called: "switched trial")
    let (steps, modes) = (switched.shape[0], trajectories.shape[2])
    guard modes >= 2, switched.shape[1] == 1, switched.shape[2] == modes,
      switchStep.map({ $0 >= 0 && $0 < steps }) ?? true
    else {
      throw AnalysisError(
        "switched trial of shape \(switched.shape) beside trajectories \(trajectories.shape)",
        place: "switch trajectory", remedy: "Give one trial, [time, 1, mode].")
    }
    var curves = [ModeCurve(of: switched, trial: 0, color: style.ink)]
    curves[0].label = "switched trial"
    curves[0].opacity = 0.75
    func marker(_ marker: Series.Marker, _ label: String, step: Int) -> ModeCurve {
      ModeCurve(
        kind: .markers(marker), label: label,
        coordinates: (0..<modes).map { [switched[step, 0, $0]] }, color: style.ink, opacity: 1)
    }
    for (index, name) in attractors.names.enumerated() {
      let group = classes.names.firstIndex(of: name) ?? index
      let ends = classes.trials(of: group).map { trial in
        (0..<modes).map { mode in
          (trajectories.shape[0] - lastSteps..<trajectories.shape[0])
            .reduce(0) { $0 + trajectories[$1, trial, mode] } / Double(lastSteps)
        }
      }
      curves.append(
        ModeCurve(
          kind: .points, label: name,
          coordinates: (0..<modes).map { mode in ends.map { $0[mode] } },
          color: style.color(index), opacity: 1))
    }
    curves.append(marker(.triangle, "start", step: 0))
    if let switchStep { curves.append(marker(.diamond, "switch", step: switchStep)) }
    curves.append(marker(.square, "end", step: steps - 1))
    return modeFigure(curves, axisLabel: axisLabel, planes: planes, title: title, style: style)
  }

  private static func modeFigure(
    _ curves: [ModeCurve], axisLabel: String, planes: Bool, title: String, style: FigureStyle
  ) -> Figure {
    let modes = min(3, curves.map(\.coordinates.count).min() ?? 0)
    func axis(_ mode: Int) -> Axis { Axis("\(axisLabel)\(subscripts[mode])") }
    if modes == 3 && !planes {
      return Figure(
        panels: [
          Panel(
            title: title, x: axis(0), y: axis(1), z: axis(2),
            series: curves.map { $0.series([0, 1, 2]) })
        ], width: 500, height: 360, style: style)
    }
    let pairs = modes == 3 ? [(0, 1), (0, 2), (1, 2)] : [(0, 1)]
    let panels = pairs.enumerated().map { column, pair in
      Panel(
        x: axis(pair.0), y: axis(pair.1), series: curves.map { $0.series([pair.0, pair.1]) },
        legend: column == pairs.count - 1 ? .right : .none, column: column)
    }
    // The last panel is wider by its legend, so that all axes are equally large.
    let legend = panels[panels.count - 1].legendWidth(style) + Spacing.legendGap
    let widths = panels.indices.map { 230 + ($0 == panels.count - 1 ? legend : 0) }
    return Figure(
      title: title, panels: panels, columnWidths: widths, width: widths.reduce(0, +), height: 250,
      style: style)
  }

  private static let subscripts = ["₁", "₂", "₃"]
}

/// A curve in mode space before the coordinates that are shown have been chosen.
private struct ModeCurve {
  var kind: Figure.Series.Kind
  var label: String
  /// One array a mode.
  var coordinates: [[Double]]
  var color: String
  var opacity: Double

  init(
    kind: Figure.Series.Kind, label: String, coordinates: [[Double]], color: String,
    opacity: Double
  ) {
    self.kind = kind
    self.label = label
    self.coordinates = coordinates
    self.color = color
    self.opacity = opacity
  }

  /// A trial of trajectories [time, trial, mode], thin and half transparent.
  init(of trajectories: Tensor<Double>, trial: Int, color: String) {
    let coordinates = (0..<trajectories.shape[2]).map { mode in
      (0..<trajectories.shape[0]).map { trajectories[$0, trial, mode] }
    }
    self.init(kind: .line, label: "", coordinates: coordinates, color: color, opacity: 0.4)
  }

  func series(_ axes: [Int]) -> Figure.Series {
    Figure.Series(
      kind, label, x: coordinates[axes[0]], y: coordinates[axes[1]],
      z: axes.count > 2 ? coordinates[axes[2]] : nil, color: color, opacity: opacity,
      weight: kind == .line ? 0.6 : kind == .points ? 1.5 : 1)
  }
}
