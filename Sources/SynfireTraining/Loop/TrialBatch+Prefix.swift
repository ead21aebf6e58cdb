import SynfireCore

extension TrialBatch {
  /// The first trials, at most `count` of them.
  public func prefix(_ count: Int) -> TrialBatch {
    guard count < trials else { return self }
    let inputs: TrialInputs =
      switch self.inputs {
      case .spikes(let spikes): .spikes(spikes.prefix(trials: count))
      case .analog(let tensor): .analog(tensor.prefix(trials: count))
      }
    let targets: TrialTargets =
      switch self.targets {
      case .classes(let classes):
        .classes(
          stride(from: 0, to: classes.count, by: trials).flatMap { classes[$0..<$0 + count] })
      case .values(let tensor): .values(tensor.prefix(trials: count))
      }
    return TrialBatch(
      inputs: inputs, targets: targets,
      conditions: conditions.mapValues { Array($0.prefix(count)) },
      lengths: lengths.map { Array($0.prefix(count)) })
  }
}

extension SpikeTensor {
  fileprivate func prefix(trials count: Int) -> SpikeTensor {
    var result = SpikeTensor(steps: steps, trials: count, neurons: neurons)
    for step in 0..<steps where count > 0 {
      let source = row(step, 0)
      let target = result.row(step, 0)
      for word in 0..<(count * wordsPerRow) { result.words[target + word] = words[source + word] }
    }
    return result
  }
}

extension Tensor {
  /// Axes [time, trial, anything].
  fileprivate func prefix(trials count: Int) -> Tensor {
    let row = shape[1] * shape[2]
    var kept: [Scalar] = []
    kept.reserveCapacity(shape[0] * count * shape[2])
    for step in 0..<shape[0] { kept += values[step * row..<step * row + count * shape[2]] }
    return Tensor(axes: axes, shape: [shape[0], count, shape[2]], values: kept)
  }
}
