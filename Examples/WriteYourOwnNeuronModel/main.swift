// Trains a neuron model of your own (QuadraticNeuron.swift) to say whether the stream that a context
// asks for was above zero. It runs at the speed of the models that come with Synfire.
import Synfire

let task = try ContextIntegrationTask(
  steps: 100, stimulus: 10..<60, response: 60..<100, offset: 0.5, noise: 0.5)
let filter = SpikeFilter.single(decay: 0.030)
let hidden = Layer(
  neurons: 64, model: QuadraticNeuron(),
  input: Connection(Dense(.normal(deviation: 2)), filter: filter),
  recurrent: Connection(Dense(.normal(deviation: 0.3)), filter: filter))
let network = try Network(
  timeStep: 0.002, inputs: task.inputChannels, layers: [hidden],
  readout: Readout(
    outputs: 1, connection: Connection(Dense(.normal(deviation: 0.1)), filter: filter),
    reduction: .everyStep))
var rule = try BackpropagationThroughTime(
  network: network, parameters: network.initialParameters(seed: 1), loss: .meanSquaredError,
  optimizer: .adam(learningRate: 3e-3), clipNorm: 1, threads: 2)

for update in 0..<300 {
  let metrics = try rule.step(task.batch(.training, index: update, trials: 100, seed: 1))
  if update % 50 == 0 {
    print("update \(update): loss \(metrics.loss), \(metrics.firingRate) Hz")
  }
}
let unseen = try task.batch(.test, index: 0, trials: 500, seed: 1)
let answers = try rule.evaluate(unseen).readout
print("decisions that are right:", task.metrics(readout: answers, of: unseen)["decisionAccuracy"]!)
