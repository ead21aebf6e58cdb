import SynfireCore
import SynfireNetworks

/// The inputs of trials that go on from a state, after those of the state that still act.
struct CarriedInputs: Sendable {
  let inputs: TrialInputs
  /// How many of the steps lie before the first of the batch; nil for trials that start at rest.
  let past: Int?

  init(_ inputs: TrialInputs, _ state: NetworkState<Float>?, _ network: Network) throws {
    guard let state else {
      self.inputs = inputs
      past = nil
      return
    }
    guard let before = state.inputs else {
      self.inputs = inputs
      past = 0
      return
    }
    past = before.shape[0]
    switch inputs {
    case .spikes(let spikes):
      guard let earlier = SpikeTensor(dense: before) else {
        throw LearningError(
          "the inputs of the state are numbers, those of the batch are spikes", place: "state",
          remedy: "Carry states between batches of one task only.")
      }
      var joined = SpikeTensor(
        steps: earlier.steps + spikes.steps, trials: spikes.trials, neurons: spikes.neurons)
      joined.words = earlier.words + spikes.words
      self.inputs = .spikes(joined)
    case .analog(let tensor):
      self.inputs = .analog(
        Tensor(
          axes: tensor.axes,
          shape: [before.shape[0] + tensor.shape[0], tensor.shape[1], tensor.shape[2]],
          values: before.values + tensor.values))
    }
  }

  /// The state with the last inputs of each trial.
  ///
  /// - Parameter lengths: of the trials; nil where all have every step.
  func keepLast(_ state: NetworkState<Float>, lengths: [Int]?) -> NetworkState<Float> {
    guard let past, past > 0 else { return state }
    var state = state
    let channels = inputs.channels
    var last = [Float](repeating: 0, count: past * inputs.trials * channels)
    for trial in 0..<inputs.trials {
      // Of all known steps, the last that many.
      let first = lengths?[trial] ?? inputs.steps - past
      for step in 0..<past {
        let target = (step * inputs.trials + trial) * channels
        switch inputs {
        case .spikes(let spikes):
          spikes.forEachSpike(step: first + step, trial: trial) { last[target + $0] = 1 }
        case .analog(let tensor):
          let source = ((first + step) * inputs.trials + trial) * channels
          for channel in 0..<channels { last[target + channel] = tensor.values[source + channel] }
        }
      }
    }
    state.inputs?.values = last
    return state
  }
}
