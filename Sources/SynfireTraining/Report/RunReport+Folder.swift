import Foundation

extension RunReport {
  /// Draws the figures of a run that are not there yet, and writes its report.
  ///
  /// - Parameters:
  ///   - analyses: the figures to draw; nil for those of the experiment.
  ///   - redraws: whether to draw figures anew even if they are those of the last checkpoint.
  ///   - dataDirectory: where data sets are.
  ///   - progress: called with the name of each analysis as it begins.
  /// - Throws: errors of the task, the engine and the files.
  /// - Returns: what became of each analysis.
  @discardableResult
  public static func write(
    _ folder: RunFolder, checkpoint: Checkpoint, analyses kinds: [AnalysisKind]? = nil,
    redraws: Bool, dataDirectory: String?, threads: Int, progress: (String) -> Void = { _ in }
  ) throws -> [RunAnalyses.Outcome] {
    let experiment = try ExperimentFile(
      text: checkpoint.configuration, place: folder.checkpointPath
    ).experiment()
    var outcomes: [RunAnalyses.Outcome]
    if !redraws, let record = AnalysisRecord(in: folder.figuresPath),
      record.batch == checkpoint.batch
    {
      outcomes = record.outcomes
    } else {
      let analyses = try RunAnalyses(
        experiment: experiment, checkpoint: checkpoint,
        initialParameters: try folder.readInitialParameters(), dataDirectory: dataDirectory,
        threads: threads)
      outcomes = try analyses.draw(kinds, in: folder.figuresPath, progress: progress)
      try AnalysisRecord(batch: checkpoint.batch, outcomes: outcomes)
        .write(in: folder.figuresPath)
    }
    try RunReport(experiment: experiment, checkpoint: checkpoint, outcomes: outcomes)
      .write(to: folder.reportPath)
    return outcomes
  }
}
