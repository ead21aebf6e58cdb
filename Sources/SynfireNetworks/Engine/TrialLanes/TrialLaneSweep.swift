import SynfireCore

/// A layer packed for sweeps with trials as lanes.
struct LaneLayer {
  let input: any TrialLaneConnectivity
  let recurrent: (any TrialLaneConnectivity)?
  /// What differs between neurons, [parameter][neuron].
  let neurons: [[Float]]
}

/// A layer that can be swept with trials as lanes.
protocol TrialLaneLayer: NetworkLayer {
  func makeTrialLaneSweep(
    _ packed: LaneLayer, inputs: Int, steps: Int, timeStep: Double
  ) throws -> any LaneLayerSweep
}

extension Layer: TrialLaneLayer {
  func makeTrialLaneSweep(
    _ packed: LaneLayer, inputs: Int, steps: Int, timeStep: Double
  ) throws -> any LaneLayerSweep {
    try TrialLaneSweep(
      model: model, wiring: wiring(inputs: inputs, timeStep: timeStep), layer: packed, steps: steps,
      neurons: neurons)
  }
}

/// The sweep of a layer over time with sixteen trials as lanes, whatever the neuron model.
protocol LaneLayerSweep: AnyObject {
  /// The spikes of the last forward sweep.
  var spikes: LaneSequence { get }
  var byteCount: Int { get }
  func forward(_ layer: LaneLayer, _ inputs: LaneSequence)
  /// Back over the tape; `addOutputAdjoint` adds to the adjoint of the outputs of a step [neuron].
  func backward(
    _ layer: LaneLayer, _ inputs: LaneSequence, constantAdjoint: UnsafePointer<Float>?,
    addOutputAdjoint: (_ time: Int, _ into: UnsafeMutablePointer<Vector>) -> Void)
  /// The gradient sums of the input and recurrent connections.
  func gradients(_ layer: LaneLayer) -> [AlignedBuffer<Float>]
  /// The derivatives with respect to the neurons' parameters [parameter][neuron] since the last call.
  func takeParameterGradients() -> AlignedBuffer<Float>
  func firstNonFinite(
    _ layer: LaneLayer, _ inputs: LaneSequence, trials: Int
  ) -> (step: Int, trial: Int, neuron: Int)?
  func record(_ layer: LaneLayer, _ inputs: LaneSequence, trials: Int) -> LayerRecord
}

/// The kernels see one trial of 16 N neurons: neuron n of trial k is their neuron 16 n + k, so that the
/// loops of `NeuronModel` serve both layouts.
final class TrialLaneSweep<Model: NeuronModel>: LaneLayerSweep, StateReplay {
  private let model: Model
  private let kernel: Model.Fast
  private let steps: Int
  private let neurons: Int
  private let buffers: SweepBuffers<Model.Fast>
  private let memory: SweepMemory<Model.Fast>
  private let spikeStride: Int
  private let input: LanePath
  private let recurrent: LanePath?

  init(model: Model, wiring: LayerWiring, layer: LaneLayer, steps: Int, neurons: Int) throws {
    self.model = model
    self.steps = steps
    self.neurons = neurons
    kernel = try model.fast()
    let size = SweepSize(steps: steps, trials: 1, neurons: 16 * neurons)
    buffers = SweepBuffers(size, driveAdjointSteps: LaneSteps.most)
    memory = SweepMemory(buffers, size)
    spikeStride = size.words * 4
    input = LanePath(
      layer.input, filter: wiring.inputFilter, latency: wiring.inputLatency, steps: steps,
      spiking: false)
    recurrent = layer.recurrent.map {
      LanePath(
        $0, filter: wiring.recurrentFilter, latency: wiring.recurrentLatency, steps: steps,
        spiking: true)
    }
  }

  var spikes: LaneSequence {
    LaneSequence(first: .spikes(memory.spikes), stepStride: spikeStride)
  }

  var byteCount: Int { buffers.byteCount + input.byteCount + (recurrent?.byteCount ?? 0) }

  func forward(_ layer: LaneLayer, _ inputs: LaneSequence) {
    begin(layer)
    for time in 0..<steps { step(layer, inputs, time: time) }
  }

  private func begin(_ layer: LaneLayer) {
    buffers.setParameters(layer.neurons, lanes: 16, vectors: neurons)
    buffers.states.pointer.update(repeating: kernel.initialState, count: neurons)
    input.begin()
    recurrent?.begin()
  }

  private func step(_ layer: LaneLayer, _ inputs: LaneSequence, time: Int) {
    input.drive(
      layer.input, inputs, time: time, into: memory.drive, count: neurons, overwriting: true)
    recurrent?.drive(
      layer.recurrent!, spikes, time: time, into: memory.drive, count: neurons,
      overwriting: false)
    model.advance(kernel, memory, time: time, trials: 1)
  }

  func backward(
    _ layer: LaneLayer, _ inputs: LaneSequence, constantAdjoint: UnsafePointer<Float>?,
    addOutputAdjoint: (_ time: Int, _ into: UnsafeMutablePointer<Vector>) -> Void
  ) {
    buffers.adjoints.pointer.update(repeating: kernel.initialAdjoint, count: neurons)
    input.begin()
    recurrent?.begin()
    let spikes = spikes
    let outputAdjoints = memory.outputAdjoints
    for time in (0..<steps).reversed() {
      for neuron in 0..<neurons {
        outputAdjoints[neuron] = Vector(repeating: constantAdjoint?[neuron] ?? 0)
      }
      addOutputAdjoint(time, outputAdjoints)
      recurrent?.scatter(layer.recurrent!, time: time, into: outputAdjoints)
      let driveAdjoints = memory.driveAdjoints
      let row = driveAdjoints + time % LaneSteps.most * neurons
      model.retreat(kernel, memory.writing(driveAdjoints: row), time: time, trials: 1)
      input.receive(layer.input, row, time: time)
      input.accumulate(layer.input, inputs, time: time, driveAdjoints, stride: neurons)
      if let recurrent {
        recurrent.receive(layer.recurrent!, row, time: time)
        recurrent.accumulate(
          layer.recurrent!, spikes, time: time, driveAdjoints, stride: neurons)
      }
    }
  }

  func gradients(_ layer: LaneLayer) -> [AlignedBuffer<Float>] {
    [input.gradient(layer.input)] + (recurrent.map { [$0.gradient(layer.recurrent!)] } ?? [])
  }

  func takeParameterGradients() -> AlignedBuffer<Float> {
    let result = AlignedBuffer<Float>(count: Model.Fast.Parameters.count * neurons)
    buffers.takeParameterGradients(neurons: neurons, lanes: 16, into: result)
    return result
  }

  var recordSize: SweepSize { SweepSize(steps: steps, trials: 16, neurons: neurons) }

  func replay(
    _ layer: LaneLayer, _ inputs: LaneSequence, trials: Int, _ body: (ReplayedState) -> Bool
  ) {
    begin(layer)
    for time in 0..<steps {
      step(layer, inputs, time: time)
      for trial in 0..<trials {
        for neuron in 0..<neurons {
          let state = memory.states[neuron]
          let bits = memory.spikes[time * spikeStride + neuron]
          let isWanted = body(
            ReplayedState(
              step: time, trial: trial, neuron: neuron, output: Float(bits >> UInt16(trial) & 1),
              potential: kernel.potential(of: state)[trial],
              current: kernel.current(of: state)[trial]))
          guard isWanted else { return }
        }
      }
    }
  }
}
