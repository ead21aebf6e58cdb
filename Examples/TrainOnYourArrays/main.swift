// Trains a recurrent spiking network on arrays of your own: here, is a noisy wave fast or slow?
import Foundation
import Synfire

let (steps, channels, dt) = (100, 8, 0.002)

/// Your data: inputs [time, trial, channel] as numbers, and a class for each trial.
func waves(trials: Int, seed: UInt64) -> TrialBatch {
  var random = RandomStream(seed: seed, stream: "waves")
  let classes = (0..<trials).map { _ in random.integer(below: 2) }
  let phases = (0..<trials).map { _ in random.uniform() }
  var inputs = Tensor<Float>(
    axes: ["time", "trial", "channel"], shape: [steps, trials, channels], repeating: 0)
  for index in inputs.values.indices {
    let (channel, trial) = (index % channels, index / channels % trials)
    let time = Double(index / channels / trials) * dt
    let frequency = classes[trial] == 0 ? 10.0 : 25.0  // Hz
    let angle = 2 * .pi * (frequency * time + phases[trial] + Double(channel) / Double(channels))
    inputs.values[index] = Float(sin(angle) + random.normal())
  }
  return TrialBatch(inputs: .analog(inputs), targets: .classes(classes))
}

// A network: 100 integrate-and-fire neurons, whose recurrent weights are three modes.
let filter = SpikeFilter.single(decay: 0.030)
let hidden = Layer(
  neurons: 100, model: LIF(timeStep: dt, membraneTimeConstant: 0.020, refractorySteps: 2),
  input: Connection(Dense(.normal(deviation: 1))),
  recurrent: Connection(
    Modes(
      3, modeInitialization: .normal(deviation: 0.6), scoreInitialization: .normal(deviation: 0.1)),
    filter: filter))
let readout = Readout(
  outputs: 2, connection: Connection(Dense(.normal(deviation: 0.1)), filter: filter),
  reduction: .maximumOverTime)
let network = try Network(timeStep: dt, inputs: channels, layers: [hidden], readout: readout)

// A learning rule. Everything is a value: keep `rule.parameters`, or train another copy.
var rule = try BackpropagationThroughTime(
  network: network, parameters: network.initialParameters(seed: 1), loss: .crossEntropy,
  optimizer: .adam(learningRate: 5e-3), clipNorm: 20, threads: 2)

func accuracy(of rule: BackpropagationThroughTime, on batch: TrialBatch) throws -> Double {
  guard case .classes(let classes) = batch.targets else { return 0 }
  let logits = try rule.evaluate(batch).readout  // [trial, output]
  let right = classes.indices.count { (logits[$0, 1] > logits[$0, 0]) == (classes[$0] == 1) }
  return Double(right) / Double(classes.count)
}

let unseen = waves(trials: 500, seed: 0)
print("accuracy before training:", try accuracy(of: rule, on: unseen))
for update in 1...150 { _ = try rule.step(waves(trials: 100, seed: UInt64(update))) }
print("accuracy after training: ", try accuracy(of: rule, on: unseen))
