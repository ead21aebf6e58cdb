/// A label for each trial: which of a few conditions it belongs to.
public struct TrialClasses: Sendable, Equatable {
  /// The names of the classes.
  public let names: [String]
  /// The class of each trial, an index into `names`.
  public let ofTrial: [Int]

  /// Labels trials.
  ///
  /// - Throws: `AnalysisError` for an index without a name.
  public init(names: [String], ofTrial: [Int]) throws {
    if let bad = ofTrial.first(where: { !names.indices.contains($0) }) {
      throw AnalysisError("class \(bad) has no name; there are \(names.count)", place: "classes")
    }
    self.names = names
    self.ofTrial = ofTrial
  }

  /// Two classes by the sign of the target: `+` and `-`.
  public init(targets: [Double]) throws {
    try self.init(names: ["target +", "target −"], ofTrial: targets.map { $0 > 0 ? 0 : 1 })
  }

  /// Four classes of the context-dependent integration task: sign of the target x context.
  ///
  /// - Parameters:
  ///   - contexts: 0 or 1 for each trial.
  ///   - targets: the final target of each trial; its sign counts.
  public init(contexts: [Int], targets: [Double]) throws {
    guard contexts.count == targets.count else {
      throw AnalysisError(
        "\(contexts.count) contexts for \(targets.count) targets", place: "classes")
    }
    let names = ["context 1, +", "context 1, −", "context 2, +", "context 2, −"]
    try self.init(
      names: names, ofTrial: zip(contexts, targets).map { 2 * $0 + ($1 > 0 ? 0 : 1) })
  }

  /// The trials of a class, in ascending order.
  public func trials(of index: Int) -> [Int] {
    ofTrial.indices.filter { ofTrial[$0] == index }
  }
}
