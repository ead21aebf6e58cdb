import SynfireCore

/// The inputs of a generator for the trials of a batch, and the way back from its steps to theirs.
struct GeneratorPresentation {
  /// Axes [time, trial, input], lead-in first.
  let inputs: Tensor<Float>
  private let batch: TrialBatch
  private let wanted: Tensor<Float>
  private let leadIn: Int
  private let stride: Int

  init(_ batch: TrialBatch, of generator: TargetGenerator) throws {
    guard case .analog(let given) = batch.inputs, given.shape[2] >= generator.channels,
      case .values(let wanted) = batch.targets, wanted.shape[2] >= generator.driving
    else {
      throw LearningError(
        "a generator with \(generator.channels) inputs and \(generator.driving) outputs cannot do "
          + "this task", place: "target generator")
    }
    self.batch = batch
    self.wanted = wanted
    let (channels, driving) = (generator.channels, generator.driving)
    switch generator.kind {
    case .driven(_, let leadIn): (self.leadIn, stride) = (leadIn, 1)
    case .trained(let steps): (leadIn, stride) = (0, steps)
    }
    let (lead, stride) = (leadIn, stride)
    let (steps, trials) = ((batch.steps + stride - 1) / stride + lead, batch.trials)
    let width = generator.inputs.shape[1] + driving
    var result = Tensor<Float>(
      axes: ["time", "trial", "input"], shape: [steps, trials, width])
    for trial in 0..<trials {
      let before = (trial + trials - 1) % trials
      let lengthBefore = batch.lengths?[before] ?? batch.steps
      let length = batch.lengths?[trial] ?? batch.steps
      for step in 0..<steps {
        let start = (step * trials + trial) * width
        var (source, time) = (trial, (step - lead) * stride)
        if step < lead {
          // A trial shorter than the lead-in comes several times.
          let back = (lead - step - 1) % lengthBefore
          (source, time) = (before, lengthBefore - 1 - back)
        }
        guard time < length || step < lead else { break }
        let row = time * trials + source
        for channel in 0..<channels {
          result.values[start + channel] = given.values[row * given.shape[2] + channel]
        }
        if width > channels + driving {
          result.values[start + channels] = 1
          result.values[start + channels + 1] = step == 0 ? 1 : 0
        }
        for output in 0..<driving {
          result.values[start + width - driving + output] =
            wanted.values[row * wanted.shape[2] + output]
        }
      }
    }
    inputs = result
  }

  /// The inputs of some of the trials.
  func inputs(of range: Range<Int>) -> Tensor<Float> {
    let (steps, trials, width) = (inputs.shape[0], inputs.shape[1], inputs.shape[2])
    guard range.count < trials else { return inputs }
    return Tensor(
      axes: inputs.axes, shape: [steps, range.count, width],
      values: (0..<steps).flatMap { step in
        let row = step * trials
        return inputs.values[(row + range.lowerBound) * width..<(row + range.upperBound) * width]
      })
  }

  /// What was read, at the steps of the task.
  ///
  /// - Parameter shift: generator steps between what is read and the step that it counts for.
  func atSteps(_ read: Tensor<Float>, shift: Int) -> Tensor<Float> {
    let row = read.shape[1] * read.shape[2]
    var values: [Float] = []
    values.reserveCapacity(batch.steps * row)
    for time in 0..<batch.steps {
      let step = leadIn + time / stride - shift
      values +=
        step >= 0
        ? read.values[step * row..<(step + 1) * row] : ArraySlice(repeating: 0, count: row)
    }
    return Tensor(
      axes: read.axes, shape: [batch.steps, read.shape[1], read.shape[2]], values: values)
  }

  /// Adds weights [factor, output] times f.
  func adding(_ weights: Tensor<Double>, to factors: Tensor<Float>) -> Tensor<Float> {
    var result = factors
    let (count, driving) = (weights.shape[0], weights.shape[1])
    for row in 0..<batch.steps * batch.trials {
      for factor in 0..<count {
        var sum = Double(result.values[row * count + factor])
        for output in 0..<driving {
          sum += weights[factor, output] * Double(wanted.values[row * wanted.shape[2] + output])
        }
        result.values[row * count + factor] = Float(sum)
      }
    }
    return result
  }
}
