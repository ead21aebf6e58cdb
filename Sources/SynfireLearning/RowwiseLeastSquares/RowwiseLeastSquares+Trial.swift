import SynfireCore
import SynfireNetworks

extension RowwiseLeastSquares {
  /// Finds the state that trials start in, if they start in one and it is not known.
  mutating func warmUp(_ stepper: FeedbackStepper, _ presentation: Presentation) {
    guard let warmUpSteps, startState == nil else { return }
    let none = stepper.makeCurrent()
    for time in 0..<warmUpSteps {
      presentation.take(time % presentation.steps(ofTrial: 0), trial: 0)
      stepper.step(inputs: presentation.input.pointer, current: none)
    }
    startState = stepper.state
  }

  /// Sets a trial to its start, if all have one.
  mutating func begin(_ stepper: FeedbackStepper) {
    guard let startState else { return }
    stepper.state = startState
    for neuron in feedback.indices { feedback[neuron] = 0 }
  }

  /// A trial that is led by the target factors.
  ///
  /// - Returns: the number of spikes.
  mutating func lead(
    _ stepper: FeedbackStepper, _ presentation: Presentation, trial: Int, averages: Bool
  ) throws -> Int {
    var spikes = 0
    let current = stepper.makeCurrent()
    current.pointer.update(from: feedback, count: feedback.count)
    let steps = presentation.steps(ofTrial: trial)
    for time in 0..<steps {
      presentation.take(time, trial: trial)
      stepper.step(inputs: presentation.input.pointer, current: current)
      spikes += stepper.events.count
      stepper.encode(presentation.target.pointer, into: current)
      guard averages else { continue }
      for neuron in driveSum.indices { driveSum[neuron] += stepper.meanDrive.pointer[neuron] }
    }
    keep(current)
    guard averages else { return spikes }
    driveCount += steps
    for neuron in offset.indices {
      offset[neuron] = driveSum[neuron] / Double(driveCount)
      stepper.offset.pointer[neuron] = offset[neuron]
    }
    return spikes
  }

  mutating func keep(_ current: AlignedBuffer<Double>) {
    for neuron in feedback.indices { feedback[neuron] = current.pointer[neuron] }
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
    current.pointer.update(from: feedback, count: feedback.count)
    try learner.begin(stepper, isLearning: true)
    var (spikes, error) = (0, SquaredError())
    let outputErrors = UnsafePointer(own.values.pointer + network.factors)
    for time in 0..<presentation.steps(ofTrial: trial) {
      presentation.take(time, trial: trial)
      stepper.step(inputs: presentation.input.pointer, current: current)
      spikes += stepper.events.count
      let target = UnsafePointer(presentation.target.pointer)
      stepper.encode(target, into: wanted)
      let isLearning = stream.bernoulli(updateProbability)
      do {
        try learner.step(
          stepper, into: own.current,
          learning: isLearning
            ? RecurrenceTarget(factors: target, currents: wanted.pointer) : nil)
        own.compute(readout, stepper)
        try error.add(own.values.pointer, target, factors: network.factors)
        // The readout learns from factors that no teacher holds in place.
        if isLearning, teacherShare == 0 {
          own.subtract(presentation.target)
          try readout?.update(own.regressors, errors: outputErrors)
        }
      } catch let error as LearningError {
        throw LearningError(
          error.what,
          place: "trial \(trials + 1), step \(time + 1)"
            + (error.place.isEmpty ? "" : ": \(error.place)"), remedy: error.remedy,
          isUserMistake: error.isUserMistake)
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
    let stepper = try makeStepper()
    let own = RowwiseOutputs(self, stepper)
    var run = FreeRun(
      readout: Tensor(
        axes: ["time", "trial", "output"], shape: [batch.steps, batch.trials, targets]),
      factorErrors: [],
      spikes: SpikeTensor(
        steps: recordsSpikes ? batch.steps : 0, trials: batch.trials, neurons: network.neurons),
      firingRate: 0)
    var spikes = 0
    try withoutDenormals {
      copy.warmUp(stepper, presentation)
      for index in 0..<settling {
        copy.begin(stepper)
        _ = try copy.lead(stepper, presentation, trial: index % batch.trials, averages: false)
      }
      let current = stepper.makeCurrent()
      for trial in 0..<batch.trials {
        copy.begin(stepper)
        current.pointer.update(from: copy.feedback, count: feedback.count)
        try copy.learner.begin(stepper, isLearning: false)
        var error = SquaredError()
        for time in 0..<presentation.steps(ofTrial: trial) {
          presentation.take(time, trial: trial)
          stepper.step(inputs: presentation.input.pointer, current: current)
          spikes += stepper.events.count
          try observe?(
            FreeStep(
              time: time, trial: trial, stepper: stepper, inputs: presentation.input.pointer,
              factors: own.coordinates(of: current)))
          try copy.learner.step(stepper, into: own.current, learning: nil)
          own.compute(readout, stepper)
          try error.add(
            own.values.pointer, presentation.target.pointer, factors: network.factors)
          current.pointer.update(from: own.current.pointer, count: current.count)
          let row = (time * batch.trials + trial) * targets
          for index in 0..<targets {
            run.readout.values[row + index] = Float(own.values.pointer[index])
          }
          if recordsSpikes {
            for neuron in stepper.events { run.spikes[time, trial, neuron] = true }
          }
        }
        copy.keep(current)
        run.factorErrors.append(error.ratio)
      }
    }
    run.firingRate =
      Double(spikes) / (Double(batch.samples) * network.timeStep * Double(network.neurons))
    return run
  }
}

/// The squared error of the factors over their squared targets.
private struct SquaredError {
  private var error = 0.0
  private var scale = 0.0

  var ratio: Double { scale > 0 ? error / scale : error }

  mutating func add(
    _ values: UnsafePointer<Double>, _ targets: UnsafePointer<Double>, factors: Int
  ) throws {
    for factor in 0..<factors {
      guard values[factor].isFinite else {
        throw LearningError(
          "factor \(factor + 1) is not finite", place: "",
          remedy: "Weaken the encoders or the random connections.", isUserMistake: false)
      }
      let difference = values[factor] - targets[factor]
      error += difference * difference
      scale += targets[factor] * targets[factor]
    }
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
