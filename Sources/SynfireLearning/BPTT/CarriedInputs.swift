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

  /// The state with the last inputs.
  func keepLast(_ state: NetworkState<Float>) -> NetworkState<Float> {
    guard let past, past > 0 else { return state }
    var state = state
    let (steps, row) = (inputs.steps, inputs.trials * inputs.channels)
    var last = [Float]()
    switch inputs {
    case .analog(let tensor): last = Array(tensor.values.suffix(past * row))
    case .spikes(let spikes):
      last = [Float](repeating: 0, count: past * row)
      for step in 0..<past {
        for trial in 0..<inputs.trials {
          let start = step * row + trial * inputs.channels
          spikes.forEachSpike(step: steps - past + step, trial: trial) { last[start + $0] = 1 }
        }
      }
    }
    state.inputs?.values = last
    return state
  }
}
