import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

/// Factored and common connectivity, deep resets and bounded rates under back-propagation: the adjoint
/// against central differences of the smoothed network, and the fast engine against the reference.
@Suite struct FactorConnectivityTests {
  struct Choice: Sendable, CustomTestStringConvertible {
    let name: String
    let recurrent: any Connectivity
    let isSpiking: Bool
    var testDescription: String { name }
  }

  static let choices = [
    Choice(
      name: "factors",
      recurrent: Factored(
        2, encoders: .normal(deviation: 1), decoders: .normal(deviation: 1), trainsEncoders: true),
      isSpiking: true),
    Choice(
      name: "many factors, rates",
      recurrent: Factored(
        9, encoders: .normal(deviation: 0.3), decoders: .normal(deviation: 0.3),
        trainsEncoders: true), isSpiking: false),
    Choice(name: "common", recurrent: Common(-0.4, isTrainable: true), isSpiking: true),
    Choice(name: "common, rates", recurrent: Common(-0.1, isTrainable: true), isSpiking: false),
  ]

  private func network(
    _ choice: Choice, neurons: Int, differentiatesReset: Bool
  ) throws -> Network {
    let input = Connection(Dense(.normal(deviation: 2)))
    let recurrent = Connection(
      choice.recurrent, filter: .leaky(timeConstant: 0.010, isNormalized: false))
    let layer: any NetworkLayer =
      choice.isSpiking
      ? Layer(
        neurons: neurons,
        model: DeepResetLIF(
          timeStep: 0.001, resetDepth: 2, differentiatesReset: differentiatesReset,
          surrogate: .fastSigmoid(slope: 2)), input: input, recurrent: recurrent)
      : Layer(
        neurons: neurons,
        model: RateUnit(timeStep: 0.001, membraneTimeConstant: 0.010, nonlinearity: .drive),
        input: input, recurrent: Connection(choice.recurrent))
    return try Network(
      timeStep: 0.001, inputs: 3, layers: [layer],
      readout: Readout(
        outputs: 2, connection: Connection(Dense(.normal(deviation: 1))), reduction: .everyStep))
  }

  private func batch(_ network: Network, steps: Int, trials: Int) -> TrialBatch {
    var stream = RandomStream(seed: 9, stream: "batch")
    func tensor(_ width: Int, _ axis: String) -> Tensor<Float> {
      Tensor(
        axes: ["time", "trial", axis], shape: [steps, trials, width],
        values: (0..<steps * trials * width).map { _ in Float(stream.normal()) })
    }
    return TrialBatch(
      inputs: .analog(tensor(3, "channel")), targets: .values(tensor(2, "output")))
  }

  private func inputs(_ batch: TrialBatch) -> Tensor<Double> {
    guard case .analog(let tensor) = batch.inputs else { preconditionFailure() }
    return tensor.converted()
  }

  private func reference(
    _ network: Network, _ parameters: NamedTensors<Double>, _ batch: TrialBatch, smoothed: Bool
  ) throws -> (loss: Double, gradients: NamedTensors<Double>) {
    let engine = try ReferenceEngine(network, smoothed: smoothed)
    let run = try engine.run(inputs(batch), parameters)
    let (loss, adjoint) = try Loss.meanSquaredError.evaluate(run.readout, batch.targets)
    return (loss, try engine.gradient(run, readoutAdjoint: adjoint, parameters))
  }

  @Test(arguments: choices, [false, true])
  func adjointsAreExact(_ choice: Choice, differentiatesReset: Bool) throws {
    let network = try network(choice, neurons: 5, differentiatesReset: differentiatesReset)
    // A reset without gradient has spikes as they are, whose jumps a difference may meet.
    guard differentiatesReset || !choice.isSpiking else { return }
    let batch = batch(network, steps: 20, trials: 2)
    let parameters: NamedTensors<Double> = network.initialParameters(seed: 3).converted()
    let gradients = try reference(network, parameters, batch, smoothed: true).gradients
    for (name, gradient) in gradients.pairs {
      let size = gradient.values.map(\.magnitude).max()!
      #expect(size > 0, "\(name)")
      for element in Set([0, gradient.count / 2, gradient.count - 1]) {
        func loss(_ step: Double) throws -> Double {
          var moved = parameters
          moved.update(name) { $0.values[element] += step }
          return try reference(network, moved, batch, smoothed: true).loss
        }
        let h = 2e-5
        let difference = try (8 * (loss(h) - loss(-h)) - (loss(2 * h) - loss(-2 * h))) / (12 * h)
        #expect(
          abs(difference - gradient.values[element]) <= 1e-6 * max(size, 1e-3),
          "\(name)[\(element)]")
      }
    }
  }

  @Test(arguments: choices, [7, 90]) func enginesAgree(_ choice: Choice, neurons: Int) throws {
    let network = try network(choice, neurons: neurons, differentiatesReset: true)
    let batch = batch(network, steps: 70, trials: 5)
    let parameters = network.initialParameters(seed: 4)
    let rule = try BackpropagationThroughTime(
      network: network, parameters: parameters, loss: .meanSquaredError,
      optimizer: .adam(learningRate: 1e-3), threads: 2)
    let fast = try rule.gradient(batch)
    let exact = try reference(network, parameters.converted(), batch, smoothed: false)
    #expect(abs(fast.loss - exact.loss) < 1e-4 * exact.loss)
    for (name, gradient) in exact.gradients.pairs {
      let size = gradient.values.map(\.magnitude).max()!
      for (a, b) in zip(fast.gradients[name]!.values, gradient.values) {
        #expect(abs(Double(a) - b) < 1e-3 * size, "\(name)")
      }
    }
    if choice.isSpiking { #expect(fast.firingRate > 5) }
  }
}
