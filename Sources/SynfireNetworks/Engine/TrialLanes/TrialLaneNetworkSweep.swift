import SynfireCore

/// The memory of one worker for blocks of sixteen trials that are the lanes of vectors: one layer of
/// spiking neurons.
public final class TrialLaneNetworkSweep: BlockSweep {
  private let network: Network
  private let sweep: any LaneLayerSweep
  private let inputs: LaneInputs
  private let readout: LaneReadout
  private let steps: Int

  /// - Parameters:
  ///   - packed: of the network, for this layout.
  ///   - segmentSteps: steps whose tape is held at a time; nil for as many as the caches hold.
  ///   - keepsNumbers: whether tapes are found again by numbers that are kept, if they can be.
  public init(
    _ network: Network, _ packed: PackedNetwork, steps: Int, segmentSteps: Int? = nil,
    keepsNumbers: Bool = false
  ) throws {
    let lanes = packed.lanes!
    self.network = network
    self.steps = steps
    let layer = network.layers[0] as! any TrialLaneLayer
    sweep = try layer.makeTrialLaneSweep(
      lanes.layer, inputs: network.inputs, steps: steps, segmentSteps: segmentSteps,
      timeStep: network.timeStep, keepsNumbers: keepsNumbers)
    inputs = LaneInputs(
      steps: steps, channels: network.inputs, readsBits: lanes.layer.input.readsOnlySpikes)
    readout = try LaneReadout(network, lanes, steps: steps)
  }

  public var byteCount: Int { sweep.byteCount + readout.byteCount + inputs.byteCount }

  /// Bytes of what `save` hands out.
  public var savedByteCount: Int { sweep.savedByteCount }

  public var readoutBlock: ReadoutBlock { readout.block }

  public func forwardForSpikes(
    _ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int, lengths: TrialLengths?,
    from state: NetworkState<Float>?
  ) {
    precondition(
      state == nil && lengths == nil,
      "sweeps with trials as lanes start at rest and end together")
    self.inputs.turn(inputs, trials: trials)
    sweep.forward(packed.lanes!.layer, self.inputs.sequence)
  }

  public func forward(
    _ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int, lengths: TrialLengths?,
    from state: NetworkState<Float>?
  ) {
    forwardForSpikes(packed, inputs, trials: trials, lengths: lengths, from: state)
    readout.forward(packed.lanes!, sweep.spikes, trials: trials)
  }

  public func state(trials: Int) -> NetworkState<Float> {
    preconditionFailure("sweeps with trials as lanes hand out no state")
  }

  public func save() -> AnyObject? { sweep.save() }

  public func restore(
    _ saved: AnyObject, _ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int
  ) {
    self.inputs.turn(inputs, trials: trials)
    sweep.restore(packed.lanes!.layer, saved)
    readout.forward(packed.lanes!, sweep.spikes, trials: trials)
  }

  public func backward(
    _ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int,
    constantAdjoints: [AlignedBuffer<Float>]
  ) {
    let spikes = sweep.spikes
    let isFirst = constantAdjoints.isEmpty
    readout.beginBackward(trials: trials)
    sweep.backward(
      self.inputs.sequence, trials: trials, constantAdjoint: constantAdjoints.first?.pointer
    ) { time, target, wanted in
      readout.addAdjoint(
        spikes, time: time, trials: trials, into: target, wanted: wanted, overwriting: isFirst)
    }
  }

  public func countSpikes(trials: Int, into counts: inout [[Int]]) {
    guard case .spikes(let bits) = sweep.spikes.first else { return }
    let stride = sweep.spikes.stepStride
    let present = presentLanes(trials)
    counts[0].withUnsafeMutableBufferPointer { counts in
      // Sixteen neurons at a time, over so few steps that their counts fit in 16 bits.
      for first in Swift.stride(from: 0, to: steps, by: 4095) {
        for neuron in Swift.stride(from: 0, to: counts.count, by: 16) {
          var sum = SIMD16<UInt16>.zero
          for time in first..<min(first + 4095, steps) {
            let row = UnsafeRawPointer(bits + time * stride + neuron)
              .loadUnaligned(as: SIMD16<UInt16>.self)
            sum &+= (row & present).nonzeroBitCount
          }
          for lane in 0..<min(16, counts.count - neuron) {
            counts[neuron + lane] += Int(sum[lane])
          }
        }
      }
    }
  }

  public func record(
    _ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int, lengths: TrialLengths?
  ) -> [LayerRecord] {
    self.inputs.turn(inputs, trials: trials)
    let lanes = packed.lanes!
    let record = sweep.record(
      lanes.layer, self.inputs.sequence, trials: trials, lengths: TrialLengths(steps: steps))
    readout.forward(lanes, sweep.spikes, trials: trials)
    return [record]
  }

  public func firstNonFinite(
    _ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int
  ) -> (layer: String, step: Int, trial: Int, neuron: Int)? {
    self.inputs.turn(inputs, trials: trials)
    return sweep.firstNonFinite(
      packed.lanes!.layer, self.inputs.sequence, trials: trials
    ).map { (network.layers[0].name, $0.step, $0.trial, $0.neuron) }
  }

  public func gradientBuffers(_ packed: PackedNetwork) -> [AlignedBuffer<Float>] {
    let (weights, bias) = readout.gradients
    return sweep.gradients() + [weights, sweep.takeParameterGradients()] + [bias].compactMap { $0 }
  }
}

/// The lanes that hold a trial, as bits.
func presentLanes(_ trials: Int) -> UInt16 { trials == 16 ? .max : (1 << UInt16(trials)) - 1 }
