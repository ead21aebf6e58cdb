import SynfireCore

/// The mean over all elements of the squared difference between a readout and its targets; not a number
/// if their shapes differ.
func meanSquaredError(_ readout: Tensor<Float>, _ batch: TrialBatch) -> Double {
  guard case .values(let target) = batch.targets, target.count == readout.count else { return .nan }
  var sum = 0.0
  for index in readout.values.indices {
    let difference = Double(readout.values[index]) - Double(target.values[index])
    sum += difference * difference
  }
  return sum / Double(max(1, readout.count))
}

/// Whether the mean over `window` of the first output of a trial has the given sign; 0 has none.
///
/// - Parameter readout: axes [time, trial, output].
func decides(
  _ readout: Tensor<Float>, trial: Int, positive: Bool, within window: Range<Int>
) -> Bool {
  let (trials, outputs) = (readout.shape[1], readout.shape[2])
  var sum = 0.0
  for step in window { sum += Double(readout.values[(step * trials + trial) * outputs]) }
  return positive ? sum > 0 : sum < 0
}

/// - Throws: `TasksError` if there are no trials or the index is negative.
func checkBatch(name: String, index: Int, trials: Int) throws {
  guard trials > 0 else {
    throw TasksError(
      "a batch of \(trials) trials was asked for", place: name, remedy: "Ask for at least one.")
  }
  guard index >= 0 else {
    throw TasksError(
      "batch \(index) was asked for", place: name, remedy: "Batches are counted from 0.")
  }
}
