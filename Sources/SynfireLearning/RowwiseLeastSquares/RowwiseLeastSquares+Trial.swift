import SynfireCore
import SynfireNetworks

extension RowwiseLeastSquares {
  /// Finds the state that trials start in, if they start in one and it is not known.
  mutating func warmUp(_ stepper: FeedbackStepper, _ presentation: Presentation) {
    let none = stepper.makeCurrent()
    run.warmUp(stepper, presentation, steps: warmUpSteps) {
      stepper.step(inputs: $0, current: none)
    }
  }

  /// A trial that is led by the target factors.
  ///
  /// - Returns: the number of spikes.
  mutating func lead(
    _ stepper: FeedbackStepper, _ presentation: Presentation, trial: Int, averages: Bool
  ) throws -> Int {
    var spikes = 0
    let current = stepper.makeCurrent()
    current.pointer.update(from: run.feedback, count: run.feedback.count)
    let steps = presentation.steps(ofTrial: trial)
    for time in 0..<steps {
      presentation.take(time, trial: trial)
      stepper.step(inputs: presentation.input.pointer, current: current)
      spikes += stepper.events.count
      stepper.encode(presentation.target.pointer, into: current)
      if averages { run.gather(stepper) }
    }
    keep(current)
    if averages { run.takeMeanAway(stepper, steps: steps) }
    return spikes
  }

  mutating func keep(_ current: AlignedBuffer<Double>) {
    for neuron in run.feedback.indices { run.feedback[neuron] = current.pointer[neuron] }
  }

  /// A trial that is learned from.
  ///
  /// - Returns: the number of spikes, and the factors' squared error over their squared targets.
  mutating func learn(
    _ stepper: FeedbackStepper, _ presentation: Presentation, trial: Int, teacherShare: Double
  ) throws -> (spikes: Int, error: Double) {
    var stream = RandomStream(seed: seed, stream: "least squares", step: UInt64(trials))
    var noise = try makeNoise(stepper, presentation, trial: trial, teacherShare: teacherShare)
    var updateProbability = 1.0
    if case .recursive(let constants) = method { updateProbability = constants.updateProbability }
    let own = RowwiseOutputs(self, stepper)
    let (current, wanted) = (stepper.makeCurrent(), stepper.makeCurrent())
    current.pointer.update(from: run.feedback, count: run.feedback.count)
    try learner.begin(stepper, isLearning: true)
    var (spikes, error) = (0, FactorError())
    let outputErrors = UnsafePointer(own.values.pointer + network.factors)
    for time in 0..<presentation.steps(ofTrial: trial) {
      presentation.take(time, trial: trial)
      stepper.step(inputs: presentation.input.pointer, current: current)
      spikes += stepper.events.count
      let target = UnsafePointer(presentation.target.pointer)
      stepper.encode(target, into: wanted)
      let isLearning = stream.bernoulli(updateProbability)
      try Self.located("trial \(trials + 1), step \(time + 1)") {
        try learner.step(
          stepper, into: own.current,
          learning: isLearning
            ? RecurrenceTarget(factors: target, currents: wanted.pointer) : nil)
        own.compute(readout, stepper)
        try error.add(own.values.pointer, target, factors: network.factors, place: "")
        // The readout learns from factors that no teacher holds in place.
        if isLearning, teacherShare == 0 {
          own.subtract(presentation.target)
          try readout?.update(own.regressors, errors: outputErrors)
        }
      }
      if teacherShare == 0 {
        current.pointer.update(from: own.current.pointer, count: current.count)
      } else {
        noise?.add(to: wanted)
        for neuron in 0..<network.neurons {
          current.pointer[neuron] =
            teacherShare * wanted.pointer[neuron]
            + (1 - teacherShare) * own.current.pointer[neuron]
        }
      }
    }
    keep(current)
    try learner.endTrial()
    try readout?.correlation.fold()
    return (spikes, error.ratio)
  }

  private func makeNoise(
    _ stepper: FeedbackStepper, _ presentation: Presentation, trial: Int, teacherShare: Double
  ) throws -> TeacherNoise? {
    guard case .constrained(let constants) = method, teacherShare > 0 else { return nil }
    return TeacherNoise(
      constants, stepper, presentation, trial: trial,
      stream: RandomStream(seed: seed, stream: "teacher noise", step: UInt64(trials)))
  }

  /// Runs trials without a teacher and without learning, after `settling` trials that are led by the
  /// targets; the rule stays as it is.
  ///
  /// - Parameter observe: called after each step that is not led.
  public func freeRun(
    _ batch: TrialBatch, recordsSpikes: Bool, observe: ((FreeStep) throws -> Void)?
  ) throws -> FreeRun {
    let presentation = try Presentation(batch, network)
    var copy = self
    let stepper = try run.makeStepper()
    let own = RowwiseOutputs(self, stepper)
    var result = FreeRun(of: network, batch, targets: targets, recordsSpikes: recordsSpikes)
    try withoutDenormals {
      copy.warmUp(stepper, presentation)
      for index in 0..<settling {
        copy.run.begin(stepper)
        _ = try copy.lead(stepper, presentation, trial: index % batch.trials, averages: false)
      }
      let current = stepper.makeCurrent()
      for trial in 0..<batch.trials {
        copy.run.begin(stepper)
        current.pointer.update(from: copy.run.feedback, count: run.feedback.count)
        try copy.learner.begin(stepper, isLearning: false)
        var error = FactorError()
        for time in 0..<presentation.steps(ofTrial: trial) {
          presentation.take(time, trial: trial)
          stepper.step(inputs: presentation.input.pointer, current: current)
          try observe?(
            FreeStep(
              time: time, trial: trial, stepper: stepper, inputs: presentation.input.pointer,
              factors: own.coordinates(of: current)))
          try copy.learner.step(stepper, into: own.current, learning: nil)
          own.compute(readout, stepper)
          try error.add(
            own.values.pointer, presentation.target.pointer, factors: network.factors,
            place: "trial \(trial + 1), step \(time + 1)")
          current.pointer.update(from: own.current.pointer, count: current.count)
          result.record(own.values.pointer, stepper, time: time, trial: trial)
        }
        copy.keep(current)
        result.factorErrors.append(error.ratio)
      }
    }
    result.end(of: network, batch)
    return result
  }
}

/// J s, y and z of a step.
private struct RowwiseOutputs {
  /// J s, one number a neuron.
  let current: AlignedBuffer<Double>
  /// [factor, then output].
  let values: AlignedBuffer<Double>
  /// What outputs are read from: [y, 1], or the traces.
  let regressors: UnsafePointer<Double>
  private let ownRegressors: AlignedBuffer<Double>
  private let factors: Int
  private let readsFactors: Bool
  private let coordinates: AlignedBuffer<Double>

  init(_ rule: RowwiseLeastSquares, _ stepper: FeedbackStepper) {
    current = stepper.makeCurrent()
    values = AlignedBuffer(count: rule.targets)
    factors = rule.network.factors
    readsFactors = rule.network.source == .factors
    coordinates = rule.coordinates
    ownRegressors = AlignedBuffer(count: SymmetricMatrix.padded(factors + 1))
    ownRegressors.pointer[factors] = 1
    regressors = UnsafePointer(readsFactors ? ownRegressors.pointer : stepper.traces.pointer)
  }

  /// u^+ of a current, one number a factor.
  func coordinates(of current: AlignedBuffer<Double>) -> [Double] {
    let length = current.count
    return (0..<factors).map { factor in
      DoubleRows.dot(
        coordinates.pointer + factor * length, current.pointer, vectors: length / 8)
    }
  }

  func compute(_ readout: RecursiveDecoder?, _ stepper: FeedbackStepper) {
    for (factor, value) in coordinates(of: current).enumerated() {
      values.pointer[factor] = value
    }
    guard let readout else { return }
    if readsFactors { ownRegressors.pointer.update(from: values.pointer, count: factors) }
    readout.predict(regressors, into: values.pointer + factors)
  }

  func subtract(_ target: AlignedBuffer<Double>) {
    for index in 0..<target.count { values.pointer[index] -= target.pointer[index] }
  }
}
