import SynfireCore

/// The readout with sixteen trials as lanes: outputs at every step, or their means over windows.
final class LaneReadout {
  private let path: any LanePath
  private let steps: Int
  /// Steps that are averaged over.
  private let window: Int
  private let count: Int
  /// [window, trial, output].
  private let outputs: AlignedBuffer<Float>
  private let adjoints: AlignedBuffer<Float>
  /// The outputs of a step, and their sums over a window so far.
  private let row: AlignedBuffer<Vector>
  private let sums: AlignedBuffer<Vector>
  /// The adjoints of the outputs of the last eight steps, step t at t % 8.
  private let laneAdjoints: AlignedBuffer<Vector>
  private let biasGradient: AlignedBuffer<Float>?

  init(_ network: Network, _ packed: LaneNetwork, steps: Int) throws {
    let readout = network.readout
    path = packed.readout.makeLanePath(
      LanePathWiring(
        filter: try readout.connection.filter.coefficients(timeStep: network.timeStep),
        latency: try readout.latency(), steps: steps, isSpiking: true, isBackpropagated: true))
    self.steps = steps
    window = readout.window
    count = readout.outputs
    outputs = AlignedBuffer(count: steps / window * 16 * count)
    adjoints = AlignedBuffer(count: steps / window * 16 * count)
    row = AlignedBuffer(count: count)
    sums = AlignedBuffer(count: count)
    laneAdjoints = AlignedBuffer(count: LaneSteps.most * count + 16)
    biasGradient = readout.makeBiasGradient()
  }

  var byteCount: Int { path.byteCount + outputs.byteCount + adjoints.byteCount }

  var block: ReadoutBlock {
    ReadoutBlock(
      outputs: outputs.pointer, adjoints: adjoints.pointer, steps: steps / window, count: count,
      stepStride: 16 * count, trialStride: count)
  }

  /// Reads the spikes of a sweep.
  func forward(_ packed: LaneNetwork, _ spikes: LaneSequence, trials: Int) {
    path.begin(packed.readout)
    sums.clear()
    let (row, sums) = (row.pointer, sums.pointer)
    let share = Vector(repeating: 1 / Float(window))
    for time in 0..<steps {
      path.drive(spikes, time: time, into: row, count: count, overwriting: true)
      for output in 0..<count { sums[output] += row[output] }
      guard (time + 1) % window == 0 else { continue }
      let target = outputs.pointer + time / window * 16 * count
      for output in 0..<count {
        let values = sums[output] * share
        for trial in 0..<16 { target[trial * count + output] = values[trial] }
        sums[output] = .zero
      }
    }
    block.add(bias: packed.readoutBias, trials: trials)
  }

  /// Starts from the adjoints in `block`.
  func beginBackward(trials: Int) {
    block.addAdjoints(trials: trials, to: biasGradient)
    path.beginBackward()
  }

  /// presynaptic += the adjoint of the spikes of a step, or = with `overwriting`, but for neurons that are not
  /// wanted; for falling times.
  func addAdjoint(
    _ spikes: LaneSequence, time: Int, trials: Int,
    into presynaptic: UnsafeMutablePointer<Vector>, wanted: UnsafePointer<UInt8>,
    overwriting: Bool
  ) {
    path.receive(adjointRow(time, trials: trials), time: time)
    path.scatter(time: time, into: presynaptic, wanted: wanted, overwriting: overwriting)
    path.accumulate(spikes, time: time, laneAdjoints.pointer, stride: count)
  }

  /// The adjoints of a step's outputs with trials as lanes; 0 where there is no trial.
  private func adjointRow(_ time: Int, trials: Int) -> UnsafePointer<Vector> {
    let row = laneAdjoints.pointer + time % LaneSteps.most * count
    // The steps of a window have the same.
    if (time + 1) % window != 0 {
      row.update(
        from: laneAdjoints.pointer + (time + 1) % LaneSteps.most * count, count: count)
      return UnsafePointer(row)
    }
    let source = adjoints.pointer + time / window * 16 * count
    let share = 1 / Float(window)
    for output in 0..<count {
      var values = Vector.zero
      for trial in 0..<trials { values[trial] = source[trial * count + output] * share }
      row[output] = values
    }
    return UnsafePointer(row)
  }

  /// The gradient of the weights, and that of the bias if there is one.
  var gradients: (weights: AlignedBuffer<Float>, bias: AlignedBuffer<Float>?) {
    (path.gradient(), biasGradient)
  }
}
