import SynfireCore

/// One sequence of the store-recall task: what is shown in each slot, and what is to be answered.
public struct StoreRecallSequence: Sendable, Equatable {
  public enum Command: Sendable { case store, recall }

  /// The command of each slot; nil where there is but a value.
  public let commands: [Command?]
  /// The value that each slot shows, 0 or 1; nil in a RECALL slot.
  public let values: [Int?]
  /// The value asked for in each RECALL slot; `TrialTargets.none` in the others.
  public let targets: [Int]

  /// Draws a sequence by rejection, as Bellec et al. (2018, code) do.
  ///
  /// Slots get fair values. From the first slot on, a slot becomes STORE with the probability
  /// `commandProbability` if the command before it was RECALL, and RECALL with the same if it was STORE;
  /// the first attempt begins as after a RECALL, the later ones as the last ended. Attempts are drawn
  /// until one is valid.
  ///
  /// A STORE shows the value of the slot after it, which is the target until the next STORE; that slot
  /// itself then shows the other value with `flipProbability`, so that only what comes with STORE can be
  /// relied on.
  ///
  /// - Precondition: valid sequences are not too rare, see `chanceOfValidity`.
  init(
    slots: Int, commandProbability: Double, flipProbability: Double,
    from stream: inout RandomStream
  ) {
    var commands: [Command?] = []
    var values: [Int] = []
    var last = Command.recall
    repeat {
      values = (0..<slots).map { _ in Int(stream.next() & 1) }
      commands = values.map { _ in
        guard stream.bernoulli(commandProbability) else { return nil }
        last = last == .recall ? .store : .recall
        return last
      }
    } while !Self.isValid(commands)

    var shown: [Int?] = values
    var targets: [Int] = []
    var stored = TrialTargets.none
    for slot in 0..<slots {
      switch commands[slot] {
      case .store:
        stored = values[slot + 1]
        shown[slot] = stored
        // Drawn whatever the probability, so that it changes nothing else.
        if stream.bernoulli(flipProbability) { shown[slot + 1] = 1 - stored }
      case .recall: shown[slot] = nil
      case nil: break
      }
      targets.append(commands[slot] == .recall ? stored : TrialTargets.none)
    }
    self.targets = targets
    self.commands = commands
    self.values = shown
  }

  /// Whether every STORE is followed by a value and, before the next STORE, by a RECALL, every RECALL
  /// answers a STORE, and there is at least one of both.
  static func isValid(_ commands: [Command?]) -> Bool {
    var last = Command.recall
    for (slot, command) in commands.enumerated() {
      guard let command else { continue }
      if command == last { return false }
      if command == .recall, commands[slot - 1] == .store { return false }
      last = command
    }
    return last == .recall && commands.contains(.recall)
  }

  /// The probability that an attempt which begins as after a RECALL is valid.
  static func chanceOfValidity(slots: Int, commandProbability p: Double) -> Double {
    // Before any STORE; just after a STORE; after its value; after a RECALL.
    var (empty, fresh, stored, answered) = (1.0, 0.0, 0.0, 0.0)
    for _ in 0..<slots {
      (empty, fresh, stored, answered) = (
        empty * (1 - p), (empty + answered) * p, (fresh + stored) * (1 - p),
        stored * p + answered * (1 - p)
      )
    }
    return answered
  }
}
