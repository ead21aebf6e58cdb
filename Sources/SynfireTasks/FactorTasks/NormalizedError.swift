import SynfireCore

/// The squared difference of some outputs from their targets over the squared targets, of each trial; the
/// median over the trials that have targets other than 0, nil if none has. Not a number where shapes differ or
/// there is no trial.
///
/// - Parameters:
///   - readout: axes [time, trial, output].
///   - chosen: trials that count; nil for all.
public func normalizedError(
  _ readout: Tensor<Float>, _ batch: TrialBatch, outputs: Range<Int>, trials chosen: [Int]? = nil
) -> Double? {
  let all = normalizedErrors(readout, batch, outputs: outputs)
  guard !all.isEmpty else { return .nan }
  let errors = (chosen.map { $0.map { all[$0] } } ?? all).compactMap(\.self).sorted()
  guard !errors.isEmpty else { return nil }
  return (errors[errors.count / 2] + errors[(errors.count - 1) / 2]) / 2
}

/// The squared difference of some outputs from their targets over the squared targets, of each trial; nil
/// where all targets are 0. Empty where shapes differ.
///
/// - Parameter readout: axes [time, trial, output].
public func normalizedErrors(
  _ readout: Tensor<Float>, _ batch: TrialBatch, outputs: Range<Int>
) -> [Double?] {
  guard case .values(let target) = batch.targets, target.shape == readout.shape else { return [] }
  let (trials, width) = (readout.shape[1], readout.shape[2])
  return (0..<trials).map { trial in
    var (error, scale) = (0.0, 0.0)
    for step in 0..<(batch.lengths?[trial] ?? batch.steps) {
      for output in outputs {
        let index = (step * trials + trial) * width + output
        let wanted = Double(target.values[index])
        let difference = Double(readout.values[index]) - wanted
        error += difference * difference
        scale += wanted * wanted
      }
    }
    return scale > 0 ? error / scale : nil
  }
}
