import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

extension WorkedExample {
  /// Tau_d and tau_r of the spike filter.
  var filter: SpikeFilter {
    isDouble
      ? .double(decay: 0.030, rise: 0.002, normalization: .unitGain) : .single(decay: 0.030)
  }

  var network: Network {
    get throws {
      let start = Initialization.constant(0)
      return try Network(
        timeStep: 0.002, inputs: 2,
        layers: [
          Layer(
            neurons: 3,
            model: LIF(
              timeStep: 0.002, membraneTimeConstant: 0.020, synapticTimeConstant: 0.010,
              refractorySteps: 5),
            input: Connection(Dense(start)),
            recurrent: Connection(
              Modes(2, modeInitialization: start, scoreInitialization: start), filter: filter))
        ],
        readout: Readout(
          outputs: 1, connection: Connection(Dense(start), filter: filter),
          reduction: .everyStep))
    }
  }

  var parameters: NamedTensors<Double> {
    let modes = ["neuron", "mode"]
    return NamedTensors([
      (
        "hidden.input.weights",
        Tensor(
          axes: ["neuron", "presynaptic"], shape: [3, 2], values: [0.9, 3.3, 0, 3.6, 6.1, 1.5])
      ),
      (
        "hidden.recurrent.inputModes",
        Tensor(axes: modes, shape: [3, 2], values: [-0.9, 0.8, -0.5, -2.8, -1.3, 3.8])
      ),
      (
        "hidden.recurrent.outputModes",
        Tensor(axes: modes, shape: [3, 2], values: [3.8, -2.2, -2.2, -0.5, 1.3, -0.4])
      ),
      ("hidden.recurrent.scores", Tensor(axes: ["mode"], shape: [2], values: [2.1, 1.9])),
      (
        "readout.weights",
        Tensor(axes: ["neuron", "presynaptic"], shape: [1, 3], values: [-0.5, -2.1, 1.5])
      ),
    ])
  }

  /// x_t = 11, 10, 11, 01, 10, 00, 11, 00, 01, 11.
  var inputs: Tensor<Double> {
    Tensor(
      axes: ["time", "trial", "channel"], shape: [10, 1, 2],
      values: [1, 1, 1, 0, 1, 1, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 1])
  }

  var targets: TrialTargets {
    .values(
      Tensor(
        axes: ["time", "trial", "output"], shape: [10, 1, 1],
        values: [0, 0, 0, 0, 0, 0.1, 0.1, 0.1, 0.1, 0.1]))
  }
}

@Suite struct WorkedExampleTests {
  /// Targets of 0.1 are not exact in the single precision of trial files, so the reference gets its own.
  static func rootSumSquares(_ readout: Tensor<Double>) -> (loss: Double, adjoint: Tensor<Double>) {
    var adjoint = readout
    for time in 0..<10 { adjoint.values[time] -= time < 5 ? 0 : 0.1 }
    let loss = adjoint.values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    for time in 0..<10 { adjoint.values[time] /= loss }
    return (loss, adjoint)
  }

  @Test(arguments: [WorkedExample.single, .double])
  func referenceStates(_ example: WorkedExample) throws {
    let run = try ReferenceEngine(example.network).run(example.inputs, example.parameters)
    let trace = run.traces[0][0]
    for (time, step) in example.steps.enumerated() {
      for neuron in 0..<3 {
        #expect(abs(trace.currents[time][neuron] - step.current[neuron]) < 1e-10)
        #expect(abs(trace.potentials[time][neuron] - step.potential[neuron]) < 1e-10)
        #expect(trace.outputs[time][neuron] == step.spikes[neuron])
        #expect(abs(run.filtered[0][time][neuron] - step.filtered[neuron]) < 1e-10)
      }
      #expect(abs(run.readout[time, 0, 0] - step.output) < 1e-10)
    }
  }

  @Test(arguments: [WorkedExample.single, .double])
  func referenceLossAndGradients(_ example: WorkedExample) throws {
    let engine = try ReferenceEngine(example.network)
    let run = try engine.run(example.inputs, example.parameters)
    let (loss, adjoint) = Self.rootSumSquares(run.readout)
    #expect(abs(loss - example.loss) < 1e-10)
    let gradients = try engine.gradient(run, readoutAdjoint: adjoint, example.parameters)
    for (name, expected) in example.gradients {
      let found = try #require(gradients[name])
      for (value, number) in zip(found.values, expected) {
        #expect(abs(value - number) < 1e-10, "\(name)")
      }
    }
  }

  /// A spike input and a numeric input of the same ones and zeros take different kernels.
  @Test(arguments: [WorkedExample.single, .double], [false, true])
  func fastEngine(_ example: WorkedExample, spikeInputs: Bool) throws {
    let inputs: TrialInputs =
      spikeInputs
      ? .spikes(try #require(SpikeTensor(dense: example.inputs)))
      : .analog(example.inputs.converted())
    let rule = try BackpropagationThroughTime(
      network: example.network, parameters: example.parameters.converted(), loss: .rootSumSquares,
      optimizer: .adam(learningRate: 1e-3), threads: 1)
    let result = try rule.gradient(TrialBatch(inputs: inputs, targets: example.targets))
    #expect(abs(result.loss - example.loss) < 2e-4 * example.loss)
    for (name, expected) in example.gradients {
      let found = try #require(result.gradients[name])
      let size = expected.map { abs($0) }.max()!
      for (value, number) in zip(found.values, expected) {
        #expect(abs(Double(value) - number) < 2e-4 * size, "\(name)")
      }
    }
    let recording = try rule.network.record(inputs, rule.parameters, threads: 1)
    for (time, step) in example.steps.enumerated() {
      #expect(abs(Double(recording.readout.values[time]) - step.output) < 2e-4 * 0.1)
      for neuron in 0..<3 {
        #expect(Double(recording.records[0].outputs[time, 0, neuron]) == step.spikes[neuron])
        #expect(
          abs(Double(recording.records[0].potentials[time, 0, neuron]) - step.potential[neuron])
            < 2e-4)
        #expect(
          abs(Double(recording.records[0].currents[time, 0, neuron]) - step.current[neuron])
            < 2e-4 * 20)
      }
    }
  }

  @Test func crossEntropyOnProbabilities() throws {
    let logits = Tensor<Double>(
      axes: ["trial", "output"], shape: [1, 3], values: [1.2, -0.3, 0.5])
    let (loss, adjoint) = try Loss.crossEntropyOnProbabilities.evaluate(logits, .classes([2]))
    #expect(abs(loss - 1.160_982_532_304_576_6) < 1e-12)
    let expected = [0.197304649995, 0.024231764583, -0.221536414578]
    for (value, number) in zip(adjoint.values, expected) { #expect(abs(value - number) < 1e-11) }
  }

  /// The first Adam step moves every parameter by the learning rate against the sign of its gradient.
  @Test func firstAdamStep() throws {
    let example = WorkedExample.double
    var rule = try BackpropagationThroughTime(
      network: example.network, parameters: example.parameters.converted(), loss: .rootSumSquares,
      optimizer: .adam(learningRate: 1e-3), clipNorm: 20, threads: 1)
    let batch = TrialBatch(inputs: .analog(example.inputs.converted()), targets: example.targets)
    let metrics = try rule.step(batch)
    #expect(abs(metrics.gradientNorm - 0.357227419809) < 1e-4)
    for (name, expected) in example.gradients {
      let before = try #require(example.parameters[name])
      let after = try #require(rule.parameters[name])
      for (index, gradient) in expected.enumerated() where gradient != 0 {
        let move = Double(after.values[index]) - before.values[index]
        #expect(abs(move + (gradient > 0 ? 1e-3 : -1e-3)) < 2e-6, "\(name)[\(index)]")
      }
    }
  }
}
