import SynfireCore

/// Trials shared out to threads that make them.
enum TrialShards {
  /// Calls `body` with ranges that cover all trials, side by side where there are workers.
  ///
  /// What `body` makes of a trial must not depend on its range, which does not depend on the number of
  /// threads either.
  static func forEach(
    of trials: Int, workers: WorkerPool?, _ body: @escaping @Sendable (Range<Int>) -> Void
  ) throws {
    guard let workers else { return body(0..<trials) }
    let shards = min(trials, 16)
    try workers.run(shards: shards) { shard in
      body((shard * trials / shards)..<((shard + 1) * trials / shards))
    }
  }
}
