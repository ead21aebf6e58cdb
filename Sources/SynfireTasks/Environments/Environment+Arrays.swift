import SynfireCore

/// The same with arrays, for programs in which an allocation a step does not matter.
extension Environment {
  /// What is seen now.
  public var observation: [Double] {
    [Double](unsafeUninitializedCapacity: space.observations) { buffer, count in
      observe(UnsafeMutableBufferPointer(rebasing: buffer[0..<space.observations]))
      count = space.observations
    }
  }

  /// Acts for one step, in the units of the environment.
  ///
  /// - Throws: `TasksError` if there are more or fewer values than an action has.
  public func step(action: [Double]) throws -> Transition {
    guard action.count == space.actions.values else {
      throw TasksError(
        "an action of \(action.count) values was given", place: space.name,
        remedy: "An action has \(space.actions.values) here.")
    }
    return action.withUnsafeBufferPointer { step($0) }
  }

  /// Acts for one step as the outputs of a network say.
  ///
  /// - Throws: `TasksError` if there are more or fewer than `space.actions.outputs`.
  public func step(outputs: [Double]) throws -> Transition {
    try space.actions.check(outputs: outputs.count, place: space.name)
    var outputs = outputs
    return outputs.withUnsafeMutableBufferPointer { buffer in
      step(space.actions.action(of: buffer))
    }
  }

  /// Everything that the future depends on.
  public func saved() -> [Double] {
    [Double](unsafeUninitializedCapacity: stateCount) { buffer, count in
      save(UnsafeMutableBufferPointer(rebasing: buffer[0..<stateCount]))
      count = stateCount
    }
  }

  /// Goes back to a saved state.
  ///
  /// - Throws: `TasksError` if it is not one of this environment.
  public func restore(saved state: [Double]) throws {
    guard state.count == stateCount else {
      throw TasksError(
        "a state of \(state.count) values was given", place: space.name,
        remedy: "Its states have \(stateCount) values; was this one saved by another environment?")
    }
    state.withUnsafeBufferPointer { restore($0) }
  }
}
