import SynfireCore

/// Activity of a population, averaged over alike trials; the averages of different ones follow each other.
struct AveragedActivity {
  /// Axes [time, neuron].
  private(set) var values: Tensor<Double>
  /// Rows at which the average of other trials begins, but for the first.
  let boundaries: [Int]
  /// The first trial of each group of alike ones that is taken, in the order of the rows.
  let firstTrials: [Int]
  /// Where the rows of a trial begin, and its part of their mean; nil for trials left out.
  private let places: [(start: Int, weight: Double)?]

  /// - Parameter steps: the groups of alike trials that come first are taken up to so many steps, and the
  ///   first of all.
  init(_ batch: TrialBatch, neurons: Int, steps most: Int = 4000) {
    var places = [(start: Int, weight: Double)?](repeating: nil, count: batch.trials)
    var starts: [Int] = []
    var firstTrials: [Int] = []
    var rows = 0
    // A few single trials say nothing that averages would not; those come first.
    for group in batch.alikeTrials.sorted(by: { $0.count > $1.count }) {
      let steps = batch.steps(ofTrial: group[0])
      guard rows == 0 || rows + steps <= most else { break }
      for trial in group { places[trial] = (rows, 1 / Double(group.count)) }
      starts.append(rows)
      firstTrials.append(group[0])
      rows += steps
    }
    self.places = places
    self.firstTrials = firstTrials
    boundaries = Array(starts.dropFirst())
    values = Tensor(axes: ["time", "neuron"], shape: [rows, neurons])
  }

  /// Takes in the activity of all neurons at a step of a trial.
  mutating func add(_ activity: UnsafePointer<Double>, time: Int, trial: Int) {
    guard let (start, weight) = places[trial] else { return }
    let neurons = values.shape[1]
    values.values.withUnsafeMutableBufferPointer { values in
      let row = values.baseAddress! + (start + time) * neurons
      for neuron in 0..<neurons { row[neuron] += weight * activity[neuron] }
    }
  }
}
