import SynfireCore

/// The memory of one worker for blocks of sixteen trials that are the lanes of vectors: one layer of
/// spiking neurons with few inputs and few outputs, read at every step.
public final class TrialLaneNetworkSweep: BlockSweep {
  private let network: Network
  private let steps: Int
  private let sweep: any LaneLayerSweep
  private let readout: LanePath
  /// The inputs [time, channel padded], by trial lanes.
  private let inputs: AlignedBuffer<Vector>
  private let inputStride: Int
  /// The outputs of all steps, and their adjoints over the last eight, with trials as lanes.
  private let outputRow: Int
  private let outputs: AlignedBuffer<Float>
  private let adjoints: AlignedBuffer<Float>
  private let laneAdjoints: AlignedBuffer<Vector>
  private let biasGradient: AlignedBuffer<Float>?
  /// The trials of the block.
  private var trials = 0

  public init(_ network: Network, _ packed: PackedNetwork, steps: Int) throws {
    self.network = network
    self.steps = steps
    let layer = network.layers[0] as! any TrialLaneLayer
    sweep = try layer.makeTrialLaneSweep(
      packed.laneLayer, inputs: network.inputs, steps: steps, timeStep: network.timeStep)
    readout = LanePath(
      packed.laneReadout,
      filter: try network.readout.connection.filter.coefficients(timeStep: network.timeStep),
      latency: try network.readout.latency(), steps: steps, spiking: true)
    inputStride = paddedWidth(network.inputs)
    inputs = AlignedBuffer(count: steps * inputStride)
    outputRow = paddedWidth(network.readout.outputs)
    let count = steps * 16 * network.readout.outputs
    outputs = AlignedBuffer(count: count)
    adjoints = AlignedBuffer(count: count)
    biasGradient = network.readout.makeBiasGradient()
    laneAdjoints = AlignedBuffer(count: LaneSteps.most * outputRow)
  }

  public var byteCount: Int {
    sweep.byteCount + readout.byteCount + inputs.byteCount + outputs.byteCount
      + adjoints.byteCount
  }

  public var readoutBlock: ReadoutBlock {
    let count = network.readout.outputs
    return ReadoutBlock(
      outputs: outputs.pointer, adjoints: adjoints.pointer, steps: steps, count: count,
      stepStride: 16 * count, trialStride: count)
  }

  private var inputSequence: LaneSequence {
    LaneSequence(first: .analog(inputs.pointer), stepStride: inputStride)
  }

  public func forward(_ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int) {
    turn(inputs, trials: trials)
    sweep.forward(packed.laneLayer, inputSequence)
    read(packed)
  }

  /// The outputs from the spikes of the last forward sweep.
  private func read(_ packed: PackedNetwork) {
    readout.begin()
    let count = network.readout.outputs
    let spikes = sweep.spikes
    for time in 0..<steps {
      let row = readout.inner(packed.laneReadout, spikes, time: time)
      let target = outputs.pointer + time * 16 * count
      for output in 0..<count {
        let values = row[output]
        for trial in 0..<16 { target[trial * count + output] = values[trial] }
      }
    }
    readoutBlock.add(bias: packed.readoutBias, trials: trials)
  }

  public func backward(
    _ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int,
    constantAdjoints: [AlignedBuffer<Float>]
  ) {
    let connectivity = packed.laneReadout
    let spikes = sweep.spikes
    readoutBlock.addAdjoints(trials: trials, to: biasGradient)
    readout.begin()
    sweep.backward(
      packed.laneLayer, inputSequence, constantAdjoint: constantAdjoints.first?.pointer
    ) { time, target in
      readout.receive(connectivity, adjointRow(time), time: time)
      readout.scatter(connectivity, time: time, into: target)
      readout.accumulate(
        connectivity, spikes, time: time, laneAdjoints.pointer, stride: outputRow)
    }
  }

  /// The adjoints of a step's outputs with trials as lanes; 0 where there is no trial.
  private func adjointRow(_ time: Int) -> UnsafePointer<Vector> {
    let count = network.readout.outputs
    let row = laneAdjoints.pointer + time % LaneSteps.most * outputRow
    let source = adjoints.pointer + time * 16 * count
    for output in 0..<count {
      var values = Vector.zero
      for trial in 0..<trials { values[trial] = source[trial * count + output] }
      row[output] = values
    }
    return UnsafePointer(row)
  }

  public func countSpikes(trials: Int, into counts: inout [[Int]]) {
    guard case .spikes(let bits) = sweep.spikes.first else { return }
    let stride = sweep.spikes.stepStride
    let present: UInt16 = trials == 16 ? .max : (1 << UInt16(trials)) - 1
    counts[0].withUnsafeMutableBufferPointer { counts in
      for time in 0..<steps {
        let row = bits + time * stride
        for neuron in counts.indices { counts[neuron] += (row[neuron] & present).nonzeroBitCount }
      }
    }
  }

  public func record(
    _ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int
  ) -> [LayerRecord] {
    turn(inputs, trials: trials)
    let record = sweep.record(packed.laneLayer, inputSequence, trials: trials)
    read(packed)
    return [record]
  }

  public func firstNonFinite(
    _ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int
  ) -> (layer: String, step: Int, trial: Int, neuron: Int)? {
    turn(inputs, trials: trials)
    return sweep.firstNonFinite(packed.laneLayer, inputSequence, trials: trials).map {
      (network.layers[0].name, $0.step, $0.trial, $0.neuron)
    }
  }

  public func gradientBuffers(_ packed: PackedNetwork) -> [AlignedBuffer<Float>] {
    sweep.gradients(packed.laneLayer) + [readout.gradient(packed.laneReadout)]
      + [sweep.takeParameterGradients()] + [biasGradient].compactMap { $0 }
  }

  /// Copies a block's inputs to where trials are lanes; 0 where there is no trial.
  private func turn(_ block: BlockActivity, trials: Int) {
    self.trials = trials
    inputs.clear()
    let channels = network.inputs
    let target = UnsafeMutableRawPointer(inputs.pointer).assumingMemoryBound(to: Float.self)
    for time in 0..<steps {
      let row = target + time * inputStride * 16
      for trial in 0..<trials {
        switch block {
        case .analog(let values, let timeStride, let trialStride):
          let source = values + time * timeStride + trial * trialStride
          for channel in 0..<channels { row[channel * 16 + trial] = source[channel] }
        case .spikes(let words, let timeStride, let trialStride):
          let source = words + time * timeStride + trial * trialStride
          for channel in 0..<channels {
            let bit = source[channel >> 6] >> UInt64(channel & 63) & 1
            row[channel * 16 + trial] = Float(bit)
          }
        }
      }
    }
  }
}

extension PackedNetwork {
  /// The one layer of a network that suits lanes of trials.
  fileprivate var laneLayer: LaneLayer {
    LaneLayer(
      input: layers[0].input as! any TrialLaneConnectivity,
      recurrent: layers[0].recurrent.map { $0 as! any TrialLaneConnectivity },
      neurons: layers[0].neurons)
  }

  fileprivate var laneReadout: any TrialLaneConnectivity {
    readout as! any TrialLaneConnectivity
  }
}
