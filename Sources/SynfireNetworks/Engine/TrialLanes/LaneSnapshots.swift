import SynfireCore

/// What a sweep with trials as lanes needs to find the tape of any segment again.
final class LaneSnapshots<State: BitwiseCopyable> {
  /// [segment, neuron].
  private let states: AlignedBuffer<State>
  /// Of each connection, [segment, number].
  private let filters: [AlignedBuffer<ExponentialFilter<Vector>.State>]
  /// The spikes of all steps, while the sweep is used for other trials.
  let spikes: AlignedBuffer<UInt16>
  /// What finds tapes again without drives; nil where segments are run forward again.
  let kept: KeptNumbers?

  init(
    count: Int = 0, neurons: Int = 0, filters: [Int] = [], spikes: Int = 0,
    kept: KeptNumbers? = nil
  ) {
    self.kept = kept
    states = AlignedBuffer(count: count * neurons)
    self.filters = filters.map { AlignedBuffer(count: count * $0) }
    self.spikes = AlignedBuffer(count: spikes)
  }

  var byteCount: Int {
    states.byteCount + filters.reduce(0) { $0 + $1.byteCount } + spikes.byteCount
      + (kept?.byteCount ?? 0)
  }

  /// Keeps the states before a segment.
  func keep(
    _ segment: Int, _ states: AlignedBuffer<State>,
    _ filters: [AlignedBuffer<ExponentialFilter<Vector>.State>]
  ) {
    (self.states.pointer + segment * states.count)
      .update(from: states.pointer, count: states.count)
    for (filter, kept) in zip(filters, self.filters) {
      (kept.pointer + segment * filter.count).update(from: filter.pointer, count: filter.count)
    }
  }

  /// Sets the states to those before a segment.
  func restore(
    _ segment: Int, _ states: AlignedBuffer<State>,
    _ filters: [AlignedBuffer<ExponentialFilter<Vector>.State>]
  ) {
    states.pointer.update(from: self.states.pointer + segment * states.count, count: states.count)
    for (filter, kept) in zip(filters, self.filters) {
      filter.pointer.update(from: kept.pointer + segment * filter.count, count: filter.count)
    }
  }
}
