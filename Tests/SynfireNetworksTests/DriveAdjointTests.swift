import SynfireCore
import SynfireNetworks
import Testing

/// Thresholds and gradients over time of adaptive neurons.
struct DriveAdjointTests {
  private let model = AdaptiveLIF(
    timeStep: 0.001, adaptationTimeConstant: 0.1, threshold: 0.1, adaptationStrength: 1.7,
    refractorySteps: 2)

  @Test func thresholdsRiseWithEachSpikeAndDecay() throws {
    var spikes = SpikeTensor(steps: 6, trials: 2, neurons: 3)
    spikes[1, 1, 2] = true
    spikes[3, 1, 2] = true
    spikes[2, 0, 2] = true
    let thresholds = try model.thresholds(of: spikes, trial: 1, NamedTensors())
    let rho = 0.990_049_833_749_168
    let jump = 1.7 * (1 - rho)
    let expected = [
      0.1, 0.1, 0.1 + jump, 0.1 + jump * rho, 0.1 + jump * (1 + rho * rho),
      0.1 + jump * (1 + rho * rho) * rho,
    ]
    for (row, value) in zip(thresholds, expected) {
      #expect(abs(row[2] - value) < 1e-12 && row[0] == 0.1)
    }
  }

  /// dL/dW_in is the sum over time of dL/dI times the input.
  @Test func drivesMakeUpTheGradient() throws {
    var stream = RandomStream(seed: 5, stream: "drives")
    let network = try Network(
      timeStep: 0.001, inputs: 4,
      layers: [
        Layer(
          neurons: 5, model: model, input: Connection(Dense(.normal(deviation: 1))),
          recurrent: Connection(Dense(.normal(deviation: 0.4))))
      ],
      readout: Readout(
        outputs: 2, connection: Connection(Dense(.normal(deviation: 1))), reduction: .everyStep))
    let inputs = Tensor<Double>(
      axes: ["time", "trial", "channel"], shape: [30, 2, 4],
      values: stream.normals(240).map(Double.init))
    let parameters: NamedTensors<Double> = network.initialParameters(seed: 1).converted()
    let engine = try ReferenceEngine(network)
    let run = try engine.run(inputs, parameters)
    let adjoint = Tensor<Double>(
      axes: run.readout.axes, shape: run.readout.shape, repeating: 0.1)
    let gradient = try #require(
      engine.gradient(run, readoutAdjoint: adjoint, parameters)["hidden.input.weights"])
    let drives = try engine.driveAdjoints(run, readoutAdjoint: adjoint, parameters)[0]
    #expect(gradient.values.contains { abs($0) > 1e-3 })
    for neuron in 0..<5 {
      for channel in 0..<4 {
        var sum = 0.0
        for trial in 0..<2 {
          for step in 0..<30 { sum += drives[trial][step][neuron] * inputs[step, trial, channel] }
        }
        #expect(abs(sum - gradient[neuron, channel]) < 1e-12)
      }
    }
  }
}
