import SynfireCore

/// How many members a generation has, and how many of them do not take part in learning.
///
/// The first members train; the evaluation members come last, all with the network that has been learned so
/// far. They differ in what is drawn for a member, such as its initial state.
public struct Population: Sendable, Equatable {
  /// All members.
  public let size: Int
  public let evaluationMembers: Int

  /// - Throws: `LearningError` unless two members or more are left to learn from.
  public init(size: Int, evaluationMembers: Int = 0) throws {
    guard evaluationMembers >= 0, size <= 1 << 24 else {
      throw LearningError(
        "\(size) members with \(evaluationMembers) for evaluation are no population",
        place: "population", remedy: "The publication has 10240 with 128.")
    }
    guard size >= evaluationMembers + 2 else {
      throw LearningError(
        "\(size) members are too few: \(evaluationMembers) are for evaluation, and ranks need 2 more",
        place: "population",
        remedy: "Use at least \(evaluationMembers + 2) members, or fewer for evaluation.")
    }
    self.size = size
    self.evaluationMembers = evaluationMembers
  }

  /// n, the members that are learned from.
  public var trainingMembers: Int { size - evaluationMembers }

  /// Members are evaluated in so many groups, whatever the number of threads.
  var shards: Int { min(size, 256) }

  func members(ofShard shard: Int) -> Range<Int> {
    shard * size / shards..<(shard + 1) * size / shards
  }
}
