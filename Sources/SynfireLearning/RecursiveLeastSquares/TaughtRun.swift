import SynfireCore
import SynfireNetworks

/// What a network with feedback that is taught while it runs carries from trial to trial.
struct TaughtRun: Sendable {
  private let network: FeedbackNetwork
  /// The tensors that no rule changes, among others.
  private var fixed: NamedTensors<Float>
  /// Trials so far.
  var trials = 0
  /// The mean of the drive, which is taken away.
  private var offset: [Double]
  /// The sum of drives so far, and their number.
  private var driveSum: [Double]
  private var driveCount = 0
  private var networkState: NamedTensors<Double>
  /// What every trial starts in, once it is known.
  private var startState: NamedTensors<Double>?
  /// What the next step feeds back: factors, or the current of each neuron.
  var feedback: [Double]

  /// A network at rest, but for potentials that deviate.
  ///
  /// - Parameter feedback: numbers that are fed back.
  init(
    _ network: FeedbackNetwork, _ parameters: NamedTensors<Float>, feedback: Int,
    potentialDeviation: Double, seed: UInt64
  ) throws {
    self.network = network
    fixed = parameters
    offset = [Double](repeating: 0, count: network.neurons)
    driveSum = offset
    self.feedback = [Double](repeating: 0, count: feedback)
    networkState = try FeedbackStepper(network, parameters.converted()).state
    guard potentialDeviation > 0 else { return }
    // The first number of a state is the potential, or the rate.
    var stream = RandomStream(seed: seed, stream: "initial potentials")
    networkState.update("neurons") { tensor in
      for neuron in 0..<network.neurons {
        tensor.values[neuron] += potentialDeviation * stream.normal()
      }
    }
  }

  /// All tensors in single precision, with those learned in their places.
  func parameters(learned: [(String, Tensor<Double>)]) -> NamedTensors<Float> {
    var result = fixed
    result["hidden.offset"] = Tensor(
      axes: ["neuron"], shape: [network.neurons], values: offset.map { Float($0) })
    for (name, tensor) in learned { result[name] = tensor.converted() }
    return result
  }

  mutating func setParameters(_ parameters: NamedTensors<Float>) {
    fixed = parameters
    offset = parameters["hidden.offset"]!.values.map { Double($0) }
  }

  /// The stepper, as the trials so far left it.
  func makeStepper() throws -> FeedbackStepper {
    let stepper = try FeedbackStepper(network, fixed.converted())
    stepper.state = networkState
    for (neuron, value) in offset.enumerated() { stepper.offset.pointer[neuron] = value }
    return stepper
  }

  /// Keeps what a batch of trials leaves.
  mutating func end(_ stepper: FeedbackStepper) { networkState = stepper.state }

  /// Finds the state that trials start in, if they start in one and it is not known: after so many steps of
  /// the inputs of the first trial, again and again.
  mutating func warmUp(
    _ stepper: FeedbackStepper, _ presentation: Presentation, steps: Int?,
    step: (UnsafePointer<Double>) -> Void
  ) {
    guard let steps, startState == nil else { return }
    for time in 0..<steps {
      presentation.take(time % presentation.steps(ofTrial: 0), trial: 0)
      step(presentation.input.pointer)
    }
    startState = stepper.state
  }

  /// Sets a trial to its start, if all have one.
  mutating func begin(_ stepper: FeedbackStepper) {
    guard let startState else { return }
    stepper.state = startState
    for index in feedback.indices { feedback[index] = 0 }
  }

  /// Takes the drive of a step into the mean.
  mutating func gather(_ stepper: FeedbackStepper) {
    for neuron in driveSum.indices { driveSum[neuron] += stepper.meanDrive.pointer[neuron] }
  }

  /// Takes the mean away from now on.
  ///
  /// - Parameter steps: drives gathered since the last time.
  mutating func takeMeanAway(_ stepper: FeedbackStepper, steps: Int) {
    driveCount += steps
    for neuron in offset.indices {
      offset[neuron] = driveSum[neuron] / Double(driveCount)
      stepper.offset.pointer[neuron] = offset[neuron]
    }
  }

  /// What a checkpoint holds of it in double precision.
  var state: NamedTensors<Double> {
    func vector(_ axis: String, _ values: [Double]) -> Tensor<Double> {
      Tensor(axes: [axis], shape: [values.count], values: values)
    }
    var result = NamedTensors<Double>()
    result["trials"] = vector("value", [Double(trials)])
    result["offset"] = vector("neuron", offset)
    result["driveSum"] = vector("neuron", driveSum)
    result["driveCount"] = vector("value", [Double(driveCount)])
    result["feedback"] = vector("number", feedback)
    for (name, tensor) in networkState.pairs { result["network.\(name)"] = tensor }
    for (name, tensor) in startState?.pairs ?? [] { result["start.\(name)"] = tensor }
    return result
  }

  /// Goes on from the state of a rule, of which this is a part.
  ///
  /// - Parameter own: what the rule has now.
  /// - Throws: `LearningError` when the state is not one of this network.
  mutating func restore(
    _ state: NamedTensors<Double>, own: NamedTensors<Double>, place: String
  ) throws {
    let starts = state.under("start")
    let expected = own.pairs.filter { !$0.name.hasPrefix("start.") }
    guard
      Set(expected.map(\.name)) == Set(state.names.filter { !$0.hasPrefix("start.") }),
      expected.allSatisfy({ state[$0.name]!.shape == $0.tensor.shape }),
      starts.names.isEmpty || starts.names == networkState.names
    else {
      throw LearningError(
        "the state is not one of this network", place: place,
        remedy: "Go on with the run that it belongs to.")
    }
    func values(_ name: String) -> [Double] { state[name]!.values }
    trials = Int(values("trials")[0])
    offset = values("offset")
    driveSum = values("driveSum")
    driveCount = Int(values("driveCount")[0])
    feedback = values("feedback")
    for name in networkState.names { networkState[name] = state["network.\(name)"]! }
    startState = starts.names.isEmpty ? nil : starts
  }
}
