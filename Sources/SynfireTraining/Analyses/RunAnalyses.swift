import Foundation
import SynfireAnalysis
import SynfireCore
import SynfireFormats
import SynfireLearning
import SynfireNetworks
import SynfireTasks

/// The analyses that an experiment asks for, of a trained network.
///
/// The network is shown test trials once; every figure is drawn from that recording, the metrics of
/// the run and its parameters.
public struct RunAnalyses {
  /// Trials that are recorded.
  public static let recordedTrials = 100

  public let experiment: Experiment
  let task: any TrialTask
  /// Nil for a network of another form.
  let layered: Network?
  let threads: Int
  let checkpoint: Checkpoint
  /// The parameters that the run started from.
  let initialParameters: NamedTensors<Float>

  /// - Parameters:
  ///   - initialParameters: that the run started from; nil for those of the experiment and its seed.
  ///   - dataDirectory: where data sets are.
  /// - Throws: errors of the task and the network.
  public init(
    experiment: Experiment, checkpoint: Checkpoint,
    initialParameters: NamedTensors<Float>? = nil, dataDirectory: String?,
    threads: Int = ProcessInfo.processInfo.activeProcessorCount
  ) throws {
    self.experiment = experiment
    self.checkpoint = checkpoint
    task = try experiment.makeTask(dataDirectory: dataDirectory)
    let layered = experiment.network.form == .layers ? try experiment.makeNetwork() : nil
    self.layered = layered
    self.initialParameters =
      initialParameters
      ?? layered.map { $0.initialParameters(seed: experiment.seed) } ?? checkpoint.parameters
    self.threads = threads
  }

  /// What became of one analysis.
  public struct Outcome: Sendable {
    public let kind: AnalysisKind
    public let title: String
    /// What the figure shows, in a sentence or two.
    public let caption: String
    /// Numbers that were found, with their names.
    public let numbers: [(name: String, value: Double)]
    /// The SVG file; nil if the figure could not be drawn.
    public let figure: URL?
    /// Why it could not be drawn.
    public let reason: String?
    /// The SVG file of a moving picture that goes with the figure.
    public var animation: URL? = nil
  }

  /// Draws all figures into a folder, with the data they are drawn from.
  ///
  /// A figure that cannot be drawn, such as a projection on a single mode, is an outcome and not an
  /// error.
  ///
  /// - Parameters:
  ///   - kinds: the figures to draw; nil for those of the experiment.
  ///   - progress: called with the name of each analysis as it begins.
  /// - Throws: errors of the task and the engine.
  public func draw(
    _ kinds: [AnalysisKind]? = nil, in folder: String, progress: (String) -> Void = { _ in }
  ) throws -> [Outcome] {
    let kinds = kinds ?? experiment.analyses
    if kinds.isEmpty { return [] }
    let recorded: RecordedTrials
    if let layered {
      recorded = try RecordedTrials(
        task: task, network: layered, parameters: checkpoint.parameters, seed: experiment.seed,
        threads: threads, memory: experiment.training.memory ?? SweepPlan.defaultLimit)
    } else if experiment.network.form == .control {
      recorded = RecordedTrials(
        nothingOf: try task.batch(.test, index: 0, trials: 1, seed: experiment.seed))
    } else {
      // A teacher keeps the activity of all its units: no more trials at once than in training.
      let most =
        experiment.teacher == nil
        ? RunAnalyses.recordedTrials
        : min(RunAnalyses.recordedTrials, experiment.training.trialsPerBatch)
      recorded = try RecordedTrials(
        task: task, rule: feedbackRule(), seed: experiment.seed, trials: most)
    }
    let gnuplot = Result { try Gnuplot() }
    var outcomes: [Outcome] = []
    for kind in kinds {
      progress(kind.name)
      outcomes.append(outcome(of: kind, recorded, gnuplot, folder))
    }
    return outcomes
  }

  private func outcome(
    of kind: AnalysisKind, _ recorded: RecordedTrials, _ gnuplot: Result<Gnuplot, any Error>,
    _ folder: String
  ) -> Outcome {
    var drawing: Drawing?
    do {
      drawing = try self.drawing(of: kind, recorded)
      let files = try drawing!.figure.render(
        named: kind.name, in: URL(fileURLWithPath: folder), gnuplot: gnuplot.get())
      var outcome = Outcome(
        kind: kind, title: kind.title, caption: drawing!.caption, numbers: drawing!.numbers,
        figure: files.svg, reason: nil)
      if let animation = drawing!.animation {
        let path = "\(folder)/\(kind.name)-animation.svg"
        try AtomicFile.write(animation.svg, to: path)
        outcome.animation = URL(fileURLWithPath: path)
      }
      return outcome
    } catch {
      let reason = (error as? any SynfireError)?.what ?? "\(error)"
      return Outcome(
        kind: kind, title: kind.title, caption: drawing?.caption ?? "",
        numbers: drawing?.numbers ?? [], figure: nil, reason: reason)
    }
  }

  /// The network of layers.
  var network: Network {
    guard let layered else { preconditionFailure("drawn of a network with feedback") }
    return layered
  }

  private func drawing(of kind: AnalysisKind, _ recorded: RecordedTrials) throws -> Drawing {
    let form = experiment.network.form
    guard kind.isDrawn(of: form, doing: experiment.task) else {
      throw TrainingError("this is not drawn of a network \(form.text)")
    }
    return switch kind {
    case .lossCurve: try lossCurve()
    case .returnCurve: try returnCurve()
    case .episode: try episode()
    case .episodeRaster: try episodeRaster()
    case .probabilityHistogram: try probabilityHistogram()
    case .accuracyCurve: try accuracyCurve()
    case .raster: try raster(recorded)
    case .voltageTraces: try voltageTraces(recorded)
    case .meanOutput: try meanOutput(recorded)
    case .modeProjection: try modeProjection(recorded)
    case .orthogonalizedProjection: try orthogonalizedProjection(recorded)
    case .switchTrajectory: try switchTrajectory(recorded)
    case .modeImportance: try modeImportance()
    case .modePruning: try modePruning()
    case .principalComponents: try principalComponents(recorded)
    case .adaptiveRaster: try adaptiveRaster(recorded)
    case .firingRates: try firingRates(recorded)
    case .connectionProbability: try connectionProbability()
    case .gradientByLag: try gradientByLag(recorded)
    case .spikeStatistics: try spikeStatistics(recorded)
    case .freeRun: try freeRun(recorded)
    case .temporalComponents: try temporalComponents(recorded)
    case .factorBasedRate: try factorBasedRate(recorded)
    }
  }

  /// A figure before it is drawn, and what was found on the way.
  struct Drawing {
    var figure: Figure
    var caption: String
    var numbers: [(name: String, value: Double)] = []
    var animation: EpisodeAnimation?
  }
}

extension AnalysisKind {
  /// Reads `raster,spike-statistics`.
  ///
  /// - Throws: `TrainingError` for a word that names no figure.
  public static func list(parsing text: String) throws -> [AnalysisKind] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      let word = part.trimmingCharacters(in: .whitespaces)
      guard let kind = allCases.first(where: { $0.name == word }) else {
        throw TrainingError(
          "\"\(word)\" names no figure", place: "--analysis",
          remedy: "use " + allCases.map(\.name).joined(separator: ", "))
      }
      return kind
    }
  }

  /// The heading of the figure.
  public var title: String {
    switch self {
    case .lossCurve: "Loss"
    case .returnCurve: "Return"
    case .episode: "An episode"
    case .episodeRaster: "Spikes in an episode"
    case .probabilityHistogram: "Probabilities of connections"
    case .accuracyCurve: "Accuracy"
    case .raster: "Spikes"
    case .voltageTraces: "Membrane potentials"
    case .meanOutput: "Mean output"
    case .modeProjection: "Mode space"
    case .orthogonalizedProjection: "Mode space without the input directions"
    case .switchTrajectory: "A switch of context"
    case .modeImportance: "Importance of modes"
    case .modePruning: "Removal of modes"
    case .principalComponents: "Dimensionality"
    case .adaptiveRaster: "Spikes, thresholds and answer"
    case .firingRates: "Firing rates"
    case .connectionProbability: "Connections between populations"
    case .gradientByLag: "Gradient through time"
    case .spikeStatistics: "Irregularity of spikes"
    case .freeRun: "The network by itself"
    case .temporalComponents: "Temporal principal components"
    case .factorBasedRate: "Firing rates that the factors explain"
    }
  }
}
