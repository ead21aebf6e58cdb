import SynfireCore

/// Acting in an environment, as a task of trials: a trial is an episode, and a batch says which ones.
///
/// What is seen in an episode depends on what is done, so that a batch has no inputs: its condition `episode`
/// numbers the episodes, from which a rule draws how they begin. A readout has `Column`s for each trial.
public struct ControlTask: TrialTask {
  /// What a rule says of an episode, axes [trial, column].
  public enum Column: Int, Sendable, CaseIterable {
    /// The sum of rewards; NaN where one of them is.
    case total
    /// Steps of the environment.
    case steps
    /// Metres along x; NaN where there is nowhere to go.
    case distance
  }

  public let environment: EnvironmentDescription
  /// Steps after which an episode is cut off.
  public let stepLimit: Int

  /// - Throws: `TasksError` for a limit that the environment does not reach, and when a library or a file that it
  ///   needs is missing.
  public init(_ environment: EnvironmentDescription, stepLimit: Int? = nil) throws {
    let most = environment.space.stepLimit
    let limit = stepLimit ?? most
    guard (1...most).contains(limit) else {
      throw TasksError(
        "episodes of \(limit) steps", place: environment.name,
        remedy: "There are 1 to \(most) here.")
    }
    // What is missing is found before anything is written.
    _ = try environment.make()
    self.environment = environment
    self.stepLimit = limit
  }

  public var name: String { environment.name }
  public var inputChannels: Int { environment.space.observations }
  public var outputs: Int { environment.space.actions.outputs }
  public var steps: Int { stepLimit }

  public func size(of split: Split) -> Int? { nil }

  public func batch(_ split: Split, index: Int, trials: Int, seed: UInt64) throws -> TrialBatch {
    let first = index * trials
    return TrialBatch(
      inputs: .analog(
        Tensor(axes: ["time", "trial", "channel"], shape: [1, trials, inputChannels])),
      targets: .values(Tensor(axes: ["time", "trial", "output"], shape: [1, trials, 0])),
      conditions: [
        "episode": (first..<first + trials).map { $0 * Split.allCases.count + split.number }
      ])
  }

  /// `meanReturn`, `episodeLength` in steps and, where there is somewhere to go, `distance` in metres: means over
  /// the episodes that have a return. `withoutReturn` is the fraction of those that have none, because a reward
  /// was not a number.
  public func metrics(readout: Tensor<Float>, of batch: TrialBatch) -> [String: Double] {
    let counted = (0..<batch.trials).filter { !readout[$0, Column.total.rawValue].isNaN }
    func mean(_ column: Column) -> Double {
      counted.reduce(0) { $0 + Double(readout[$1, column.rawValue]) } / Double(counted.count)
    }
    let metrics = [
      "meanReturn": mean(.total), "episodeLength": mean(.steps), "distance": mean(.distance),
      "withoutReturn": Double(batch.trials - counted.count) / Double(batch.trials),
    ]
    return metrics.filter { !$0.value.isNaN }
  }

  public func count(of metric: String, readout: Tensor<Float>, in batch: TrialBatch) -> Int {
    metric == "withoutReturn"
      ? batch.trials
      : (0..<batch.trials).count { !readout[$0, Column.total.rawValue].isNaN }
  }
}

extension Split {
  fileprivate var number: Int { Split.allCases.firstIndex(of: self)! }
}
