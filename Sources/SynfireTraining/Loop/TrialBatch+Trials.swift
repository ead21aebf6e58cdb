import SynfireCore

extension TrialBatch {
  /// The first trials, at most `count` of them.
  public func prefix(_ count: Int) -> TrialBatch {
    count < trials ? self.trials(Array(0..<count)) : self
  }

  /// Some of the trials, in the order given.
  public func trials(_ wanted: [Int]) -> TrialBatch {
    let inputs: TrialInputs =
      switch self.inputs {
      case .spikes(let spikes): .spikes(spikes.trials(wanted))
      case .analog(let tensor): .analog(tensor.trials(wanted))
      }
    let targets: TrialTargets =
      switch self.targets {
      case .classes(let classes):
        .classes(
          stride(from: 0, to: classes.count, by: trials).flatMap { start in
            wanted.map { classes[start + $0] }
          })
      case .values(let tensor): .values(tensor.trials(wanted))
      }
    return TrialBatch(
      inputs: inputs, targets: targets,
      conditions: conditions.mapValues { values in wanted.map { values[$0] } },
      lengths: lengths.map { lengths in wanted.map { lengths[$0] } })
  }
}

extension SpikeTensor {
  /// The spikes of some trials.
  func trials(_ wanted: [Int]) -> SpikeTensor {
    var result = SpikeTensor(steps: steps, trials: wanted.count, neurons: neurons)
    for step in 0..<steps {
      for (place, trial) in wanted.enumerated() {
        let (source, target) = (row(step, trial), result.row(step, place))
        for word in 0..<wordsPerRow { result.words[target + word] = words[source + word] }
      }
    }
    return result
  }
}

extension Tensor {
  /// Some trials of [time, trial, anything].
  func trials(_ wanted: [Int]) -> Tensor {
    let (steps, trials, width) = (shape[0], shape[1], shape[2])
    var kept: [Scalar] = []
    kept.reserveCapacity(steps * wanted.count * width)
    for step in 0..<steps {
      for trial in wanted {
        let start = (step * trials + trial) * width
        kept += values[start..<start + width]
      }
    }
    return Tensor(axes: axes, shape: [steps, wanted.count, width], values: kept)
  }
}
