import SynfireCore
import SynfireNetworks

/// The trials of a batch, step by step in `Double`.
struct Presentation {
  let batch: TrialBatch
  private let inputs: Tensor<Float>
  private let targets: Tensor<Float>
  /// F_in, and y and f, of the step that was last taken.
  let input: AlignedBuffer<Double>
  let target: AlignedBuffer<Double>

  /// - Throws: `LearningError` when inputs or targets do not fit the network.
  init(_ batch: TrialBatch, _ network: FeedbackNetwork) throws {
    let place = "recursive least squares"
    guard case .analog(let inputs) = batch.inputs, inputs.shape[2] == network.inputs else {
      throw LearningError(
        "the inputs are not \(network.inputs) channels of numbers", place: place)
    }
    let width = network.factors + network.outputs
    guard case .values(let targets) = batch.targets,
      targets.shape == [batch.steps, batch.trials, width]
    else {
      throw LearningError(
        "targets are needed for \(network.factors) factors and \(network.outputs) outputs at each "
          + "step of each trial", place: place)
    }
    if let position = targets.firstNonFinite {
      throw LearningError(
        "the target of step \(position[0]), trial \(position[1]), number \(position[2]) is not "
          + "finite", place: place)
    }
    self.batch = batch
    self.inputs = inputs
    self.targets = targets
    input = AlignedBuffer(count: network.inputs)
    target = AlignedBuffer(count: width)
  }

  func steps(ofTrial trial: Int) -> Int { batch.lengths?[trial] ?? batch.steps }

  /// Takes a step of a trial.
  func take(_ time: Int, trial: Int) {
    let row = time * batch.trials + trial
    let (channels, width) = (inputs.shape[2], targets.shape[2])
    for channel in 0..<channels {
      input.pointer[channel] = Double(inputs.values[row * channels + channel])
    }
    for index in 0..<width {
      target.pointer[index] = Double(targets.values[row * width + index])
    }
  }
}

extension RecursiveLeastSquares {
  /// Finds the state that trials start in, if they start in one and it is not known.
  mutating func warmUp(_ stepper: FeedbackStepper, _ presentation: Presentation) {
    let none = [Double](repeating: 0, count: network.factors)
    run.warmUp(stepper, presentation, steps: constants.warmUpSteps) {
      stepper.step(inputs: $0, factors: none)
    }
  }

  /// A trial that is led by the target factors.
  ///
  /// - Returns: the number of spikes.
  mutating func lead(
    _ stepper: FeedbackStepper, _ presentation: Presentation, trial: Int, averaging: Bool
  ) throws -> Int {
    var spikes = 0
    for time in 0..<presentation.steps(ofTrial: trial) {
      presentation.take(time, trial: trial)
      stepper.step(inputs: presentation.input.pointer, factors: run.feedback)
      spikes += stepper.events.count
      for factor in run.feedback.indices {
        run.feedback[factor] = presentation.target.pointer[factor]
      }
      if averaging { run.gather(stepper) }
    }
    if averaging { run.takeMeanAway(stepper, steps: presentation.steps(ofTrial: trial)) }
    return spikes
  }

  /// A trial in which the factors fed back are the network's own, and the weights learn.
  ///
  /// - Returns: the number of spikes, and the factors' squared error over their squared targets.
  mutating func learn(
    _ stepper: FeedbackStepper, _ presentation: Presentation, trial: Int
  ) throws -> (spikes: Int, error: Double) {
    var stream = RandomStream(seed: seed, stream: "least squares", step: UInt64(trials))
    var (spikes, error) = (0, FactorError())
    let own = OwnOutputs(self)
    if stepper.isSpiking, !network.traces.isEmpty {
      let neurons = network.neurons
      try decoder.correlation.track(
        groups: network.traces.indices.map { neurons * $0..<neurons * ($0 + 1) },
        stepper.traces.pointer)
    }
    let outputErrors = UnsafePointer(own.values.pointer + network.factors)
    for time in 0..<presentation.steps(ofTrial: trial) {
      presentation.take(time, trial: trial)
      stepper.step(inputs: presentation.input.pointer, factors: run.feedback)
      spikes += stepper.events.count
      decoder.correlation.advance(
        decays: stepper.traceDecays, jumps: stepper.traceJumps, events: stepper.events)
      own.compute(decoder, readout, stepper)
      try error.add(
        own.values.pointer, presentation.target.pointer, factors: network.factors,
        place: "trial \(trials + 1), step \(time + 1)")
      for factor in run.feedback.indices { run.feedback[factor] = own.values.pointer[factor] }
      guard stream.bernoulli(constants.updateProbability) else { continue }
      own.subtract(presentation.target)
      try Self.located("trial \(trials + 1), step \(time + 1)") {
        try decoder.update(stepper.traces.pointer, errors: own.values.pointer)
        try readout?.update(own.regressors.pointer, errors: outputErrors)
      }
    }
    // A run that goes on from a checkpoint knows no more than the written matrices.
    try Self.located("trial \(trials + 1), at its end") {
      try decoder.correlation.fold(stepper.traces.pointer)
      decoder.correlation.endTracking()
      try readout?.correlation.fold()
    }
    return (spikes, error.ratio)
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
    let own = OwnOutputs(self)
    var result = FreeRun(of: network, batch, targets: targets, recordsSpikes: recordsSpikes)
    try withoutDenormals {
      copy.warmUp(stepper, presentation)
      for index in 0..<constants.settling {
        copy.run.begin(stepper)
        _ = try copy.lead(
          stepper, presentation, trial: index % batch.trials, averaging: false)
      }
      for trial in 0..<batch.trials {
        copy.run.begin(stepper)
        var error = FactorError()
        for time in 0..<presentation.steps(ofTrial: trial) {
          presentation.take(time, trial: trial)
          stepper.step(inputs: presentation.input.pointer, factors: copy.run.feedback)
          try observe?(
            FreeStep(
              time: time, trial: trial, stepper: stepper, inputs: presentation.input.pointer,
              factors: copy.run.feedback))
          own.compute(decoder, readout, stepper)
          try error.add(
            own.values.pointer, presentation.target.pointer, factors: network.factors,
            place: "trial \(trial + 1), step \(time + 1)")
          for factor in copy.run.feedback.indices {
            copy.run.feedback[factor] = own.values.pointer[factor]
          }
          result.record(own.values.pointer, stepper, time: time, trial: trial)
        }
        result.factorErrors.append(error.ratio)
      }
    }
    result.end(of: network, batch)
    return result
  }
}

/// y and z of a step, [factor, then output], and what the readout is read from, [y, 1].
private struct OwnOutputs {
  let values: AlignedBuffer<Double>
  let regressors: AlignedBuffer<Double>
  private let factors: Int

  init(_ rule: RecursiveLeastSquares) {
    values = AlignedBuffer(count: rule.targets)
    factors = rule.network.factors
    regressors = AlignedBuffer(count: SymmetricMatrix.padded(factors + 1))
    regressors.pointer[factors] = 1
  }

  func compute(
    _ decoder: RecursiveDecoder, _ readout: RecursiveDecoder?, _ stepper: FeedbackStepper
  ) {
    decoder.predict(stepper.traces.pointer, into: values.pointer)
    guard let readout else { return }
    regressors.pointer.update(from: values.pointer, count: factors)
    readout.predict(regressors.pointer, into: values.pointer + factors)
  }

  func subtract(_ target: AlignedBuffer<Double>) {
    for index in 0..<target.count { values.pointer[index] -= target.pointer[index] }
  }
}
