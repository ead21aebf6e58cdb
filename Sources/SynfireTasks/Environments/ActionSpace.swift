/// What an environment can be told, and how the outputs of a network say it.
public enum ActionSpace: Sendable, Equatable {
  /// One value for each limit.
  case continuous([ClosedRange<Double>])
  /// The index of a choice, from 0.
  case choices(Int)

  /// How many values an action has.
  public var values: Int {
    switch self {
    case .continuous(let limits): limits.count
    case .choices: 1
    }
  }

  /// How many outputs a network needs to act: one a value, one for two choices, one a choice for more.
  public var outputs: Int {
    switch self {
    case .continuous(let limits): limits.count
    case .choices(let choices): choices <= 2 ? 1 : choices
    }
  }

  /// Turns outputs of a network into an action, in place and without allocation.
  ///
  /// Continuous: an output from -1 to 1, clipped to that, spans the limits of its value. Choices: of two the
  /// second if the output is above 0; of more the one with the largest output, the first of equals. An output
  /// that is not a number makes the action so.
  ///
  /// - Parameter outputs: `outputs` values; overwritten.
  /// - Returns: the first `values` of them, the action.
  @inlinable
  public func action(
    of outputs: UnsafeMutableBufferPointer<Double>
  ) -> UnsafeBufferPointer<Double> {
    precondition(outputs.count == self.outputs, "a network's outputs are not those of the actions")
    switch self {
    case .continuous(let limits):
      for (index, limit) in limits.enumerated() {
        let output = outputs[index].clipped(to: -1...1)
        let middle = (limit.lowerBound + limit.upperBound) / 2
        outputs[index] = middle + (limit.upperBound - limit.lowerBound) / 2 * output
      }
    case .choices(let choices):
      let choice =
        if outputs.contains(where: \.isNaN) {
          Double.nan
        } else if choices <= 2 {
          outputs[0] > 0 ? 1.0 : 0.0
        } else {
          Double(outputs.indices.reduce(0) { outputs[$1] > outputs[$0] ? $1 : $0 })
        }
      outputs[0] = choice
    }
    return UnsafeBufferPointer(rebasing: outputs[0..<values])
  }

  /// - Throws: `TasksError` if a network of so many outputs cannot act here.
  public func check(outputs count: Int, place: String) throws {
    guard count == outputs else {
      throw TasksError(
        "the network has \(count) outputs", place: place,
        remedy: "Acting takes \(outputs) here: \(meaning).")
    }
  }

  private var meaning: String {
    switch self {
    case .continuous: "one for each value of an action, from -1 to 1"
    case .choices(let choices) where choices <= 2: "above 0 for the second of two choices"
    case .choices: "one a choice, of which the largest wins"
    }
  }
}

extension Double {
  /// The nearest number within a range; what is not a number stays so.
  @inlinable
  func clipped(to range: ClosedRange<Double>) -> Double {
    self < range.lowerBound
      ? range.lowerBound : self > range.upperBound ? range.upperBound : self
  }
}
