import SynfireCore
import SynfireNetworks

/// A batch as it is swept: where its trials have lengths of their own, the longest first, so that those
/// which have not ended are always the first of a block, and nothing in the steps past their ends.
struct SortedTrials: Sendable {
  let batch: TrialBatch
  /// What the trials go on from, in the same order.
  let start: NetworkState<Float>?
  /// The place of each swept trial in the batch that was given; nil for the same.
  private let order: [Int]?

  /// - Throws: `LearningError` for lengths that do not fit, `NetworkError` for a state that does not.
  init(_ batch: TrialBatch, _ start: NetworkState<Float>?, _ network: Network) throws {
    if let start { try network.validate(start, trials: batch.trials) }
    guard let lengths = batch.lengths else {
      self.batch = batch
      self.start = start
      order = nil
      return
    }
    try Self.validate(lengths, batch, network)
    // Equal trials stay in their order.
    let order = lengths.indices.sorted { (-lengths[$0], $0) < (-lengths[$1], $1) }
    self.order = order
    let sorted = order.map { lengths[$0] }
    let inputs: TrialInputs =
      switch batch.inputs {
      case .spikes(let spikes): .spikes(spikes.chosen(order, lengths: sorted))
      case .analog(let tensor): .analog(tensor.chosen(order, lengths: sorted))
      }
    let targets: TrialTargets =
      switch batch.targets {
      case .classes(let classes):
        .classes(
          stride(from: 0, to: classes.count, by: batch.trials).flatMap { row in
            order.map { classes[row + $0] }
          })
      case .values(let tensor): .values(tensor.chosen(order))
      }
    self.batch = TrialBatch(inputs: inputs, targets: targets, lengths: sorted)
    self.start = start.map { $0.chosen(order) }
  }

  /// The lengths of a block of swept trials; nil where all have every step.
  func lengths(_ block: Range<Int>) -> TrialLengths? {
    batch.lengths.map { TrialLengths(falling: Array($0[block])) }
  }

  /// A readout in the order of the batch that was given.
  func restored(_ readout: Tensor<Float>) -> Tensor<Float> {
    guard let places else { return readout }
    guard readout.shape.count == 2 else { return readout.chosen(places) }
    let single = Tensor(
      axes: ["time"] + readout.axes, shape: [1] + readout.shape, values: readout.values)
    return Tensor(axes: readout.axes, shape: readout.shape, values: single.chosen(places).values)
  }

  func restored(_ state: NetworkState<Float>) -> NetworkState<Float> {
    places.map { state.chosen($0) } ?? state
  }

  func restored(_ record: LayerRecord) -> LayerRecord {
    guard let places else { return record }
    var result = record
    result.outputs = record.outputs.chosen(places)
    result.potentials = record.potentials.chosen(places)
    result.currents = record.currents.chosen(places)
    return result
  }

  /// Where each given trial was swept.
  private var places: [Int]? {
    order.map { order in
      var places = order
      for (place, trial) in order.enumerated() { places[trial] = place }
      return places
    }
  }

  private static func validate(_ lengths: [Int], _ batch: TrialBatch, _ network: Network) throws {
    guard lengths.count == batch.trials else {
      throw LearningError(
        "there are \(lengths.count) lengths for \(batch.trials) trials", place: "lengths",
        remedy: "Give each trial one.")
    }
    for (trial, length) in lengths.enumerated() {
      guard (1...max(batch.steps, 1)).contains(length) else {
        throw LearningError(
          "trial \(trial) has \(length) steps, outside 1...\(batch.steps)", place: "lengths",
          remedy: "Give lengths in steps.")
      }
      try network.readout.validate(steps: length)
    }
  }
}

extension Tensor {
  /// The trials at these places of the second axis of three; 0 past the end of each, if lengths are given.
  fileprivate func chosen(_ places: [Int], lengths: [Int]? = nil) -> Tensor {
    var result = Tensor(axes: axes, shape: shape)
    let width = shape[2]
    for step in 0..<shape[0] {
      for (trial, place) in places.enumerated() where step < lengths?[trial] ?? .max {
        let (target, source) = (
          (step * shape[1] + trial) * width, (step * shape[1] + place) * width
        )
        for column in 0..<width { result.values[target + column] = values[source + column] }
      }
    }
    return result
  }
}

extension SpikeTensor {
  /// The trials at these places, silent past the end of each.
  fileprivate func chosen(_ places: [Int], lengths: [Int]) -> SpikeTensor {
    var result = SpikeTensor(steps: steps, trials: trials, neurons: neurons)
    for step in 0..<steps {
      for (trial, place) in places.enumerated() where step < lengths[trial] {
        let (target, source) = (row(step, trial), row(step, place))
        for word in 0..<wordsPerRow { result.words[target + word] = words[source + word] }
      }
    }
    return result
  }
}

extension NetworkState<Float> {
  fileprivate func chosen(_ places: [Int]) -> NetworkState {
    NetworkState(tensors: NamedTensors(tensors.pairs.map { ($0.name, $0.tensor.chosen(places)) }))
  }
}
