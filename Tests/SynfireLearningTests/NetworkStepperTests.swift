import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

@Suite struct NetworkStepperTests {
  /// Sequences longer than the 64 steps that a stepper remembers.
  @Test(arguments: [Int](400..<412) + RandomNetwork.severalKinds)
  func stepsGiveTheBitsOfARun(_ seed: Int) throws {
    var options = RandomNetwork.Options()
    options.neurons = 5...80
    options.steps = 60...150
    options.trials = 1...5
    options.spikeInputs = seed.isMultiple(of: 2)
    options.kinds = RandomNetwork.severalKinds.contains(seed) ? 2...3 : 1...1
    let random = try RandomNetwork(seed: UInt64(seed), options)
    let (steps, trials, channels) = (
      random.inputs.shape[0], random.inputs.shape[1], random.inputs.shape[2]
    )
    let rule = try BackpropagationThroughTime(
      network: random.network, parameters: random.parameters.converted(), loss: random.loss,
      optimizer: .adam(learningRate: 1e-3), threads: 1)
    let recording = try rule.network.record(
      .analog(random.inputs.converted()), rule.parameters, threads: 1)
    let stepper = try NetworkStepper(
      random.network, random.parameters.converted(), trials: trials)
    for _ in 0..<2 {
      stepper.reset()
      var last = Tensor<Float>(axes: ["trial", "output"], shape: [0, 0])
      for step in 0..<steps {
        let size = trials * channels
        let values = Tensor<Double>(
          axes: ["time", "trial", "channel"], shape: [1, trials, channels],
          values: Array(random.inputs.values[step * size..<(step + 1) * size]))
        last = try stepper.step(
          options.spikeInputs
            ? .spikes(#require(SpikeTensor(dense: values))) : .analog(values.converted()))
        if random.network.readout.reduction == .everyStep {
          let row = step * last.count..<(step + 1) * last.count
          // Spikes add weights in another order than numbers do.
          for (value, number) in zip(last.values, recording.readout.values[row]) {
            #expect(
              options.spikeInputs ? abs(value - number) <= 1e-4 : value == number,
              "\(random.testDescription), step \(step)")
          }
        }
      }
      #expect(stepper.time == steps)
      if random.network.readout.reduction == .maximumOverTime, !options.spikeInputs {
        #expect(last == recording.readout)
      }
    }
  }

  @Test func inputsOfAnotherShapeAreRefused() throws {
    let random = try RandomNetwork(seed: 1)
    let stepper = try NetworkStepper(random.network, random.parameters.converted(), trials: 2)
    let wrong = Tensor<Float>(
      axes: ["time", "trial", "channel"], shape: [1, 1, random.network.inputs])
    #expect(throws: NetworkError.self) { try stepper.step(.analog(wrong)) }
    #expect(stepper.time == 0)
  }
}
