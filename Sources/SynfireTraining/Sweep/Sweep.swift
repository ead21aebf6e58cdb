import Foundation
import Logging
import SynfireCore
import SynfireFormats

/// Runs of one experiment over a grid of values and several seeds, each in a run folder of its own
/// within the folder of the sweep.
///
/// A sweep that was stopped goes on where it was: runs that are finished are not run again.
public struct Sweep {
  /// A run of the sweep and what came of it.
  public struct Result: Sendable {
    public let point: SweepPoint
    /// The values of the grid, by key.
    public let values: [String: String]
    public let seed: UInt64
    /// The metrics of the test, and `batchesToLoss`, the first batch with a loss below 1.7,
    /// where it began above.
    public let metrics: [String: Double]
    /// The loss of every training batch.
    public let losses: [Double]
  }

  public let experiment: Experiment
  public let grids: [SweepGrid]
  public let points: [SweepPoint]
  public let path: String
  private let file: ExperimentFile

  /// Checks every combination.
  ///
  /// - Parameters:
  ///   - common: overrides of every run.
  ///   - path: the folder of the sweep.
  /// - Throws: `ExperimentError` for a combination that is no valid experiment.
  public init(
    _ file: ExperimentFile, grids: [SweepGrid], seeds: Int, common: [Override], in path: String
  ) throws {
    self.file = file
    self.grids = grids
    self.path = path
    experiment = try file.experiment(overrides: common)
    points = try SweepPoint.all(of: file, grids: grids, seeds: seeds, common: common)
  }

  /// Runs what is not finished yet.
  ///
  /// - Parameters:
  ///   - began: called with the number and name of each run before it begins.
  ///   - observer: gets the events of each run.
  /// - Returns: the results of all runs; nil if the stop flag was raised meanwhile.
  /// - Throws: the error of the first run that fails; runs before it are kept.
  public func run(
    dataDirectory: String?, threads: Int, stop: StopFlag, logger: Logger,
    began: (Int, SweepPoint) -> Void, observer: @escaping (TrainingEvent) -> Void
  ) throws -> [Result]? {
    var results: [Result] = []
    for (index, point) in points.enumerated() {
      let folder = path + "/" + point.name
      if let finished = try finishedResult(of: point, in: folder) {
        results.append(finished)
        continue
      }
      if stop.signal != nil { return nil }
      began(index, point)
      let session =
        RunFolder.exists(at: folder)
        ? try TrainingSession.resume(
          in: folder, overrides: point.overrides, dataDirectory: dataDirectory, threads: threads)
        : try TrainingSession.start(
          file.experiment(overrides: point.overrides), in: folder, dataDirectory: dataDirectory,
          threads: threads)
      if let notice = session.notice { logger.warning("\(notice)") }
      let outcome = try session.trainer(stop: stop, logger: logger, observer: observer).run()
      guard case .finished = outcome else { return nil }
      results.append(try result(of: point, session.folder.readCheckpoint().checkpoint))
    }
    return results
  }

  private func finishedResult(of point: SweepPoint, in folder: String) throws -> Result? {
    guard RunFolder.exists(at: folder) else { return nil }
    let (checkpoint, _) = try RunFolder.read(at: folder).readCheckpoint()
    guard checkpoint.isFinished else { return nil }
    let wanted = try file.experiment(overrides: point.overrides)
    guard checkpoint.configuration == wanted.canonicalYAML else {
      throw TrainingError(
        "this run of the sweep was made with other values", place: folder,
        remedy: "choose another folder with --out")
    }
    return result(of: point, checkpoint)
  }

  private func result(of point: SweepPoint, _ checkpoint: Checkpoint) -> Result {
    var metrics = checkpoint.testMetrics
    let losses = checkpoint.training["loss"] ?? []
    // A loss that began below it has not come there.
    if let first = losses.firstIndex(where: { $0 < RunReport.lossThreshold }), first > 0 {
      metrics["batchesToLoss"] = Double(first + 1)
    }
    let keys = Set(grids.map(\.key))
    var values: [String: String] = [:]
    for override in point.overrides where keys.contains(override.key) {
      values[override.key] = override.value
    }
    return Result(
      point: point, values: values, seed: checkpoint.seed, metrics: metrics, losses: losses)
  }
}
