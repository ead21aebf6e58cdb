import Foundation
import SynfireAnalysis
import SynfireCore
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Every figure, drawn from synthetic data. With `SYNFIRE_FIGURES` set to a folder they stay there.
@Suite(.enabled(if: Gnuplot.isInstalled, "gnuplot is not installed"))
struct FigureGalleryTests {
  /// Draws a figure and checks the files: SVG that parses and has that many plots, PDF, and a table
  /// with a block for each series.
  private func draw(_ figure: Figure, named name: String, plots: Int) throws {
    let kept = ProcessInfo.processInfo.environment["SYNFIRE_FIGURES"].map {
      URL(fileURLWithPath: $0)
    }
    let folder =
      kept ?? FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { if kept == nil { try? FileManager.default.removeItem(at: folder) } }
    let files = try figure.render(named: name, in: folder)

    let svg = try Data(contentsOf: files.svg)
    #expect(XMLParser(data: svg).parse(), "the SVG is not well-formed")
    let text = String(decoding: svg, as: UTF8.self)
    #expect(text.components(separatedBy: "<g id=\"gnuplot_plot_").count - 1 == plots)
    #expect(text.contains("sans-serif"))
    let paths = text.components(separatedBy: "<path").count
    #expect(paths + text.components(separatedBy: "<use").count > 10)

    let document = try Data(contentsOf: files.document)
    #expect(document.count > 2000)
    if files.document.pathExtension == "pdf" { #expect(document.prefix(5) == Data("%PDF-".utf8)) }

    let table = try String(contentsOf: files.table, encoding: .utf8)
    let series = figure.panels.reduce(0) { $0 + $1.series.count }
    #expect(table.components(separatedBy: "# series: ").count - 1 == series)
    #expect(table.components(separatedBy: "\n\n\n").count == series)
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(!left.contains { $0.hasPrefix(".\(name)-") }, "temporary files are left")
  }

  @Test func learningCurves() throws {
    let curves = try [1, 3, 10, 100].map { modes in
      (label: "P = \(modes)", curve: try SyntheticData.losses(speed: 1 + Double(modes) / 30))
    }
    let figure = Figure.learningCurves(
      curves, quantity: "Loss", references: [("lowest possible", 1.461)], isOrdered: true)
    try draw(figure, named: "loss", plots: 9)
    let accuracy = try LearningCurve(
      seeds: [[0.1, 0.8, 0.9, 0.93, 0.95], [0.1, 0.82, 0.91, 0.94, 0.955]])
    try draw(
      .learningCurves([("", accuracy)], quantity: "Accuracy", interval: 100),
      named: "accuracy", plots: 2)
  }

  @Test func raster() throws {
    let figure = try Figure.raster(
      of: SyntheticData.spikes, timeStep: SyntheticData.timeStep, title: "Trial 1")
    try draw(figure, named: "raster", plots: 3)
  }

  @Test func voltageTraces() throws {
    let spikes = SyntheticData.spikes
    let figure = try Figure.voltageTraces(
      potentials: SyntheticData.potentials(of: spikes), spikes: spikes, neurons: [33, 45, 58],
      timeStep: SyntheticData.timeStep)
    try draw(figure, named: "voltages", plots: 9)
  }

  @Test func modeSpace() throws {
    let classes = try SyntheticData.classes()
    let trajectories = SyntheticData.trajectories
    // 4 classes x 6 trials, and two plots for the markers of each class.
    try draw(
      .modeSpace(trajectories, classes: classes), named: "mode-space", plots: 32)
    try draw(
      .modeSpace(trajectories, classes: classes, planes: true), named: "mode-space-planes",
      plots: 96)
    try draw(
      .modeSpace(
        trajectories, classes: classes, axisLabel: "μ", title: "Input directions removed"),
      named: "mode-space-orthogonalized", plots: 32)
  }

  @Test func switchTrajectory() throws {
    let figure = try Figure.switchTrajectory(
      SyntheticData.trajectories, classes: SyntheticData.classes(),
      switched: SyntheticData.switched, switchStep: 120)
    try draw(figure, named: "switch", plots: 11)
    try draw(
      .switchTrajectory(
        SyntheticData.trajectories, classes: SyntheticData.classes(),
        switched: SyntheticData.switched, switchStep: 120, planes: true),
      named: "switch-planes", plots: 33)
  }

  @Test func meanOutput() throws {
    let output = try MeanOutput(
      of: SyntheticData.trajectories,
      classes: TrialClasses(targets: (0..<40).map { $0 % 2 == 0 ? 1 : -1 }))
    try draw(
      .meanOutput(output, timeStep: SyntheticData.timeStep, targets: [-1, 1]),
      named: "mean-output", plots: 6)
  }

  @Test func modeImportance() throws {
    let values = (1...30).map { rank in
      MeanAndDeviation(
        mean: 3.33 * pow(Double(rank), rank < 10 ? -0.097 : -0.12) * (rank > 25 ? 0.7 : 1),
        deviation: 0.05, count: 3)
    }
    let scores = values.map {
      MeanAndDeviation(mean: $0.mean / 1.8, deviation: 0.1, count: 3)
    }
    let fits = try [1...9, 10...19].map { try PowerLawFit(values.map(\.mean), ranks: $0) }
    try draw(
      .modeImportance(values, scores: scores, fits: fits), named: "mode-importance", plots: 7)
  }

  @Test func pruning() throws {
    let kept = [0, 2, 5, 10, 15, 20, 30]
    func points(_ values: [Double]) -> [MeanAndDeviation] {
      values.map { MeanAndDeviation(mean: $0, deviation: 0.004, count: 3) }
    }
    let figure = Figure.pruning([
      ("least important first", kept, points([0.908, 0.907, 0.922, 0.944, 0.949, 0.95, 0.949])),
      ("most important first", kept, points([0.907, 0.905, 0.904, 0.904, 0.903, 0.913, 0.949])),
    ])
    try draw(figure, named: "pruning", plots: 4)
  }

  @Test func swept() throws {
    // Three lines of medians, the points of their seeds; sizes by factors, errors over decades.
    let lines = [1.0, 0.1, 0.01].map { SyntheticData.sweep("level \($0)", level: $0) }
    let figure = Figure.swept(lines, quantity: "Error", against: "neurons")
    #expect(figure.panels[0].x.isLogarithmic && figure.panels[0].y.isLogarithmic)
    try draw(figure, named: "swept", plots: 6)
    // Equal steps, and one seed each.
    let single = Figure.SweptLine(label: "", x: [-1, 0, 1, 2], results: [[3], [4], [5], [3]])
    let plain = Figure.swept(
      [single], quantity: "Rate", unit: "Hz", against: "gain", axisUnit: "ms")
    #expect(!plain.panels[0].x.isLogarithmic && !plain.panels[0].y.isLogarithmic)
    #expect(plain.panels[0].series[0].y == [3, 4, 5, 3])
    try draw(plain, named: "swept-single", plots: 1)
  }

  @Test func spikeStatistics() throws {
    let rates = (0..<300).map { Double($0 % 23) }
    try draw(
      .spikeStatistics(
        intervalVariation: rates.map { 0.5 + $0 / 20 }, fanoFactors: rates.map { $0 / 15 },
        rates: rates), named: "spike-statistics", plots: 9)
    // What has no numbers has no panel.
    try draw(
      .spikeStatistics(intervalVariation: [], fanoFactors: [], rates: [0, 0]),
      named: "spike-statistics-silent", plots: 3)
    #expect(throws: AnalysisError.self) {
      try Figure.spikeStatistics(intervalVariation: [.nan], fanoFactors: [], rates: [1])
    }
    #expect(throws: AnalysisError.self) {
      try Figure.spikeStatistics(intervalVariation: [], fanoFactors: [], rates: [])
    }
  }

  @Test func temporalComponents() throws {
    func components(_ shift: Double) throws -> TemporalComponents {
      try TemporalComponents(
        of: Tensor(
          axes: ["time", "neuron"], shape: [200, 12],
          values: (0..<2400).map { sin(Double($0 / 12 * ($0 % 12 + 1)) / 40 + shift) }))
    }
    let (first, second) = (try components(0), try components(0.4))
    try draw(
      .temporalComponents([("spiking network", first)], boundaries: [100], timeStep: 0.001),
      named: "temporal-components", plots: 5 + 5 + 2)
    let angles = try first.angles(to: second, components: 10).degrees
    try draw(
      .temporalComponents(
        [("spiking network", first), ("rate network", second)], angles: angles, timeStep: 0.001),
      named: "temporal-components-angles", plots: 10 + 3 + 2)
    #expect(throws: AnalysisError.self) { try Figure.temporalComponents([], timeStep: 0.001) }
  }

  @Test func freeRun() throws {
    let spikes = SyntheticData.spikes
    var readout = Tensor<Float>(axes: ["time", "trial", "output"], shape: [250, 3, 5])
    var targets = readout
    for index in readout.values.indices {
      let (step, rest) = index.quotientAndRemainder(dividingBy: 15)
      targets.values[index] = Float(sin(Double(step) / 30 + Double(rest % 5)))
      readout.values[index] = 1.05 * targets.values[index] + Float(rest / 5) / 20
    }
    var run = Figure.FreeRunTrials(
      readout: readout, targets: targets, spikes: spikes, factors: 3, shown: [0, 1, 2], steps: 250,
      neurons: [3, 20, 40, 55], factorErrors: [0.01, 0.3, 0.02], outputErrors: [0.02, 0.2, 0.03])
    try draw(
      .freeRun(run, timeStep: SyntheticData.timeStep), named: "free-run",
      plots: 2 + 4 + 2 * (3 + 2))
    run.outputErrors = []
    run.neurons = [60]
    #expect(throws: AnalysisError.self) { try Figure.freeRun(run, timeStep: 0.001) }
  }

  @Test func factorBasedRate() throws {
    func trials(_ value: (Int, Int) -> Double) -> [[Double]] {
      (0..<4).map { trial in (0..<300).map { value(trial, $0) } }
    }
    let input = trials { 8 * sin(Double($1) / 40) + Double($0) / 4 }
    let other = trials { 9 * sin(Double($1 * ($0 + 7)) / 3) }
    let rates = trials { 30 + 25 * sin(Double($1) / 40) + Double($0) }
    var example = Figure.FactorRateExample(
      neuron: 7, factorInput: input, otherInput: other, rates: rates,
      spikes: trials { ($1 * ($0 + 3)) % 31 == 0 ? 1 : 0 })
    let spread = Figure.FactorRateSpread(
      factorInput: try TrialSpread(of: input), otherInput: try TrialSpread(of: other),
      rate: try TrialSpread(of: rates))
    try draw(
      .factorBasedRate(example, spreads: [spread], timeStep: 0.001), named: "factor-based-rate",
      plots: 4 + 4)
    try draw(
      .factorBasedRate(example, spreads: [], timeStep: 0.001), named: "factor-based-rate-example",
      plots: 4)
    example.rates.removeLast()
    #expect(throws: AnalysisError.self) {
      try Figure.factorBasedRate(example, spreads: [], timeStep: 0.001)
    }
  }

  @Test func principalComponents() throws {
    let components = try PrincipalComponents(of: SyntheticData.trajectories)
    try draw(.principalComponents(components), named: "principal-components", plots: 3)
  }

  @Test func firingRates() throws {
    let rates = try SpikeStatistics(of: SyntheticData.spikes, timeStep: SyntheticData.timeStep)
      .firingRates
    try draw(.firingRates(rates, bins: 12), named: "firing-rates", plots: 2)
  }

  /// Characters that gnuplot, XML and file formats treat specially come out as they went in.
  @Test func specialCharacters() throws {
    let text = #"a_b^{c} @d & <e> ~f \g 'h' "i" %j"#
    let figure = Figure(
      title: text,
      panels: [
        .init(
          title: text, x: .init(text, unit: "m_s"), y: .init(text),
          series: [.init(.linesAndPoints, text, x: [0, 1, 2], y: [1, 3, 2])], legend: .above)
      ])
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let svg = try String(
      contentsOf: figure.render(named: "text", in: folder).svg, encoding: .utf8)
    let shown = svg.replacingOccurrences(of: "<[^>]*>", with: "", options: .regularExpression)
      .replacingOccurrences(of: "&lt;", with: "<").replacingOccurrences(of: "&gt;", with: ">")
      .replacingOccurrences(of: "&amp;", with: "&")
    // Twice as headings, twice as axis labels, in the legend and as the name of the plot.
    #expect(shown.components(separatedBy: text).count - 1 == 6)
    try draw(figure, named: "special-characters", plots: 1)
  }

  @Test func connectionProbability() throws {
    let names = ["input", "inhibitory", "excitatory", "adaptive"]
    func table(_ base: Double) -> [[Double?]] {
      names.indices.map { row in
        (0..<4).map { row == 0 && $0 == 3 ? nil : base + 0.01 * Double(row * $0) }
      }
    }
    try draw(
      .connectionProbability(
        [("Before training", table(0.11)), ("After training", table(0.2))], from: names,
        to: names.dropFirst() + ["readout"]), named: "connection-probability", plots: 4)
    #expect(throws: AnalysisError.self) {
      try Figure.connectionProbability([("", table(0))], from: names, to: ["one"])
    }
  }

  private func adaptiveTrial(outputs: Int, adaptive: [Int]) -> Figure.AdaptiveTrial {
    let spikes = SyntheticData.spikes
    let probabilities = (0..<outputs).map { output in
      (0..<spikes.steps).map { $0 * outputs / spikes.steps == output ? 0.8 : 0.2 }
    }
    return Figure.AdaptiveTrial(
      inputs: spikes, spikes: spikes, trial: 0, adaptive: adaptive,
      thresholds: adaptive.map { neuron in
        (0..<spikes.steps).map { 1 + 0.01 * Double($0 % (neuron + 5)) }
      }, probabilities: probabilities,
      targets: (0..<spikes.steps).map { $0 > spikes.steps / 2 ? 1 : nil })
  }

  @Test func adaptiveRaster() throws {
    let timeStep = SyntheticData.timeStep
    try draw(
      .adaptiveRaster(adaptiveTrial(outputs: 10, adaptive: Array(40..<60)), timeStep: timeStep),
      named: "adaptive-raster", plots: 1 + 2 + 21 + 10)
    // Two outputs are one line; without adaptive neurons there are no thresholds.
    try draw(
      .adaptiveRaster(adaptiveTrial(outputs: 2, adaptive: []), timeStep: timeStep),
      named: "adaptive-raster-2", plots: 1 + 2 + 2)
    var broken = adaptiveTrial(outputs: 2, adaptive: [1])
    broken.thresholds[0].removeLast()
    #expect(throws: AnalysisError.self) {
      try Figure.adaptiveRaster(broken, timeStep: timeStep)
    }
  }

  @Test func gradientByLag() throws {
    let lags = (0..<500).map(Double.init)
    try draw(
      .gradientByLag(
        [
          ("with adaptation", lags.map { 0.1 * exp(-$0 / 30) + 0.001 * exp(-$0 / 600) }),
          ("without adaptation", lags.map { $0 < 400 ? 0.1 * exp(-$0 / 8) : 0 }),
        ], timeStep: 0.001), named: "gradient-by-lag", plots: 2)
  }

  @Test func firingRatesWithATarget() throws {
    try draw(
      .firingRates((0..<220).map { Double($0 % 17) }, target: 10), named: "rates-target", plots: 3)
    try draw(.firingRates([0, 0, 0, 0], target: 10), named: "rates-silent", plots: 3)
  }
}
