import SynfireCore

/// Context-dependent integration in which the context changes under way in some trials: with
/// probability `switchProbability` the two context inputs are exchanged for the last `switchedSteps`
/// steps, and the target there becomes the sign of the other stream's offset (Lin and Huang, 2024).
///
/// Conditions: those of `ContextIntegrationTask`, which describe the trial before the switch; `switched`
/// (0 or 1); `finalContext` and `finalTarget`, which hold at the end.
///
/// This is what the published generator means to do. As published it exchanges the context of
/// unswitched trials over their whole length, because its slice `[-0:]` is everything.
public struct ContextSwitchTask: TrialTask {
  /// The task that the trials are of until the switch.
  public let integration: ContextIntegrationTask
  /// The probability that a trial is switched.
  public let switchProbability: Double
  /// How many steps at the end the exchanged context lasts.
  public let switchedSteps: Int

  public var name: String { integration.name }
  public var inputChannels: Int { integration.inputChannels }
  public var outputs: Int { integration.outputs }
  public var steps: Int { integration.steps }
  /// The steps during which switched trials have their contexts exchanged.
  public var switchedWindow: Range<Int> { (steps - switchedSteps)..<steps }

  /// Creates the task; the defaults are those of Lin and Huang (2024).
  ///
  /// - Throws: `TasksError` if the probability is not within 0 ... 1, the switched steps are none or
  ///   begin before the response does, or for what `ContextIntegrationTask` rejects.
  public init(
    steps: Int = 500, stimulus: Range<Int> = 50..<250, response: Range<Int> = 250..<500,
    offset: Double = 0.5, noise: Double = 1, switchProbability: Double = 0.1,
    switchedSteps: Int = 200, name: String = "context-switch", workers: WorkerPool? = nil
  ) throws {
    integration = try ContextIntegrationTask(
      steps: steps, stimulus: stimulus, response: response, offset: offset, noise: noise,
      name: name, workers: workers)
    guard switchProbability >= 0, switchProbability <= 1 else {
      throw TasksError(
        "the switch probability is \(switchProbability)", place: name,
        remedy: "Give a number from 0 to 1.")
    }
    guard switchedSteps > 0, steps - switchedSteps > response.lowerBound,
      steps - switchedSteps < response.upperBound
    else {
      throw TasksError(
        "the last \(switchedSteps) of \(steps) steps do not begin within the response \(response)",
        place: name,
        remedy: "Let the switch come after the response has begun and before it ends.")
    }
    self.switchProbability = switchProbability
    self.switchedSteps = switchedSteps
  }

  public func size(of split: Split) -> Int? { nil }

  public func batch(_ split: Split, index: Int, trials: Int, seed: UInt64) throws -> TrialBatch {
    let drawn = try integration.draw(split, index: index, trials: trials, seed: seed)
    let switched = drawn.chance.map { $0 < switchProbability }
    var targets = integration.targets(drawn)
    var conditions = integration.conditions(drawn)
    let final = drawn.context.indices.map {
      switched[$0] ? 1 - drawn.context[$0] : drawn.context[$0]
    }
    let finalTarget = final.indices.map { drawn.positive[$0][final[$0]] }
    let lateResponse = switchedWindow.clamped(to: integration.response)
    for trial in 0..<trials where switched[trial] {
      let sign: Float = finalTarget[trial] == 1 ? 1 : -1
      for step in lateResponse { targets.values[step * trials + trial] = sign }
    }
    conditions["switched"] = switched.map { $0 ? 1 : 0 }
    conditions["finalContext"] = final
    conditions["finalTarget"] = finalTarget
    return TrialBatch(
      inputs: .analog(
        integration.inputs(drawn, switched: switched, from: switchedWindow.lowerBound)),
      targets: .values(targets), conditions: conditions)
  }

  /// Mean squared error over all steps and trials; `decisionAccuracy` within the response until a
  /// switch; and within the switched window of switched trials `switchedDecisionAccuracy`, which is also
  /// given apart for trials whose streams agree in sign (`agreeingDecisionAccuracy`: the answer stays)
  /// and disagree (`disagreeingDecisionAccuracy`: it changes). The last three are there only if the
  /// batch has such trials.
  public func metrics(readout: Tensor<Float>, of batch: TrialBatch) -> [String: Double] {
    guard let target = batch.conditions["target"], let switched = batch.conditions["switched"],
      let finalTarget = batch.conditions["finalTarget"], let first = batch.conditions["offset1"],
      let second = batch.conditions["offset2"]
    else { return [:] }
    let response = integration.response
    let early = response.lowerBound..<switchedWindow.lowerBound
    let late = switchedWindow.clamped(to: response)
    let trials = Array(target.indices)
    func fraction(_ trials: [Int], _ right: (Int) -> Bool) -> Double? {
      trials.isEmpty ? nil : Double(trials.filter(right).count) / Double(trials.count)
    }
    func decidesLate(_ trial: Int) -> Bool {
      decides(readout, trial: trial, positive: finalTarget[trial] == 1, within: late)
    }
    let changed = trials.filter { switched[$0] == 1 }
    var result = ["meanSquaredError": meanSquaredError(readout, batch)]
    result["decisionAccuracy"] = fraction(trials) {
      decides(
        readout, trial: $0, positive: target[$0] == 1,
        within: switched[$0] == 1 ? early : response)
    }
    result["switchedDecisionAccuracy"] = fraction(changed, decidesLate)
    result["agreeingDecisionAccuracy"] = fraction(
      changed.filter { first[$0] == second[$0] }, decidesLate)
    result["disagreeingDecisionAccuracy"] = fraction(
      changed.filter { first[$0] != second[$0] }, decidesLate)
    return result
  }
}
