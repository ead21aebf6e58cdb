import Foundation
import Logging
import SynfireCore
import SynfireLearning
import SynfireTasks

/// A run that is ready to train: its experiment, task and rule, and the folder with its checkpoint.
///
/// ```swift
/// let experiment = try ExperimentLibrary.experiment(named: "smnn/context")
/// let session = try TrainingSession.start(experiment, in: "runs/mine")
/// let outcome = try session.trainer().run()
/// ```
public struct TrainingSession {
  public let experiment: Experiment
  public let task: any TrialTask
  public let rule: any LearningRule
  public let folder: RunFolder
  public let checkpoint: Checkpoint
  /// What the user should know of a damaged checkpoint; nil when all is well.
  public let notice: String?

  /// Begins a new run.
  ///
  /// - Parameters:
  ///   - path: the run folder to make.
  ///   - parameters: to start from; nil draws them as the experiment says.
  ///   - dataDirectory: where data sets are; tasks that are generated need none.
  ///   - threads: worker threads; the number changes no bit of the run.
  /// - Throws: `TrainingError` if the folder exists, errors of the task if data are missing or
  ///   broken, `NetworkError` for parameters that do not fit.
  public static func start(
    _ experiment: Experiment, in path: String, parameters: NamedTensors<Float>? = nil,
    dataDirectory: String? = nil, threads: Int = ProcessInfo.processInfo.activeProcessorCount
  ) throws -> TrainingSession {
    try RunFolder.requireNothing(at: path)
    try experiment.requireMemory(threads: threads)
    let (experiment, task) = try experiment.settled(dataDirectory: dataDirectory)
    try experiment.requireMemory(threads: threads)
    let rule = try experiment.makeRule(for: task, parameters: parameters, threads: threads)
    var checkpoint = Checkpoint(
      experiment: experiment.name, configuration: experiment.canonicalYAML, seed: experiment.seed,
      parameters: rule.parameters, state: rule.state,
      manifest: RunManifest.current(
        seed: experiment.seed, threads: threads, dataHashes: try task.dataHashes()))
    checkpoint.preciseState = try rule.preciseState
    let folder = try RunFolder.create(
      at: path, checkpoint: checkpoint, keepsInitial: parameters != nil)
    return TrainingSession(
      experiment: experiment, task: task, rule: rule, folder: folder, checkpoint: checkpoint,
      notice: nil)
  }

  /// Goes on with a run, from its last good checkpoint.
  ///
  /// - Parameters:
  ///   - name: the experiment that the run must be of; nil takes what it is.
  ///   - overrides: values that the run must have been started with.
  /// - Throws: `TrainingError` if there is no run, or it is of another experiment or of other values.
  public static func resume(
    in path: String, named name: String? = nil, overrides: [Override] = [],
    dataDirectory: String? = nil, threads: Int = ProcessInfo.processInfo.activeProcessorCount
  ) throws -> TrainingSession {
    let folder = try RunFolder.resume(at: path)
    let (checkpoint, notice) = try folder.restoreCheckpoint()
    let file = try ExperimentFile(text: checkpoint.configuration, place: folder.checkpointPath)
    let experiment = try file.experiment()
    if let name, name != experiment.name {
      throw TrainingError(
        "the run is one of \(experiment.name), not of \(name)", place: folder.path,
        remedy: "name that experiment, or choose another folder with --out")
    }
    guard try file.experiment(overrides: overrides).canonicalYAML == experiment.canonicalYAML
    else {
      throw TrainingError(
        "the run was started with other values", place: folder.path,
        remedy: "leave out --set and --seed, or start a new run in another folder")
    }
    try experiment.requireMemory(threads: threads)
    let task = try experiment.makeTask(dataDirectory: dataDirectory)
    try requireSameData(task, as: checkpoint, folder)
    let rule = try experiment.makeRule(
      for: task, parameters: checkpoint.parameters, threads: threads)
    return TrainingSession(
      experiment: experiment, task: task, rule: rule, folder: folder, checkpoint: checkpoint,
      notice: notice)
  }

  /// The loop that trains the run to its end.
  public func trainer(
    stop: StopFlag = StopFlag(), logger: Logger = Logger(label: "synfire.training"),
    observer: @escaping (TrainingEvent) -> Void = { _ in }
  ) -> Trainer {
    Trainer(
      task: task, rule: rule, plan: TrainingPlan(experiment.training), folder: folder,
      checkpoint: checkpoint, stop: stop, logger: logger, observer: observer)
  }

  private static func requireSameData(
    _ task: any TrialTask, as checkpoint: Checkpoint, _ folder: RunFolder
  ) throws {
    for (name, hash) in RunManifest.hashEntries(try task.dataHashes()) {
      guard let former = checkpoint.manifest[name], former != hash else { continue }
      throw TrainingError(
        "\(name.dropFirst("sha256 ".count)) is not the file that the run began with",
        place: folder.path, remedy: "name the former data directory with --data")
    }
  }
}
