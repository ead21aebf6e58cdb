import SynfireCore

/// What the past of a connection still brings in one trial: activity on its way, and what is left in its
/// filter.
struct ReferencePast: Sendable {
  /// [time][presynaptic], the latest last.
  var activity: [[Double]]
  /// h and r of the filtered drive [part][postsynaptic]; nil without a filter.
  var filter: [[Double]]?
}

/// The state of one trial of a layer between two steps, as in `NetworkState`.
public struct ReferenceLayerState: Sendable {
  /// [part][neuron].
  var parts: [[Double]]
  /// The last outputs [time][neuron].
  var activity: [[Double]]
  var input: ReferencePast
  /// Of each kind of recurrent synapses.
  var recurrent: [ReferencePast]
}

extension ReferencePaths {
  /// The drive of each step from what came before the first [time][postsynaptic].
  func pastDrive(
    _ past: ReferencePast, _ weights: [[Double]], _ filter: ExponentialFilter<Double>?, steps: Int
  ) -> [[Double]] {
    filtered(arrivals(of: past.activity, weights, steps: steps), past, filter).drive
  }

  /// h and r of the filtered drive after the last step [part][postsynaptic]; nil without a filter.
  func endOfFilter(
    _ past: ReferencePast, _ activity: [[Double]], _ weights: [[Double]],
    _ filter: ExponentialFilter<Double>?
  ) -> [[Double]]? {
    guard filter != nil else { return nil }
    var drive = arrivals(of: past.activity, weights, steps: activity.count)
    for time in activity.indices { add(weights, times: activity, at: time, to: &drive[time]) }
    return filtered(drive, past, filter).end
  }

  /// gradient += what the adjoints of the drives [time][postsynaptic] say of weights that past activity
  /// met on its arrival.
  func addPastGradient(
    _ drives: [[Double]], _ past: ReferencePast, _ filter: ExponentialFilter<Double>?,
    to gradient: inout [[Double]]
  ) {
    let arriving = filter.adjointOfFiltered(drives)
    let count = past.activity.count
    forEach(gradient) { post, pre, steps in
      for time in 0..<min(steps, arriving.count) where count + time >= steps {
        gradient[post][pre] += arriving[time][post] * past.activity[count + time - steps][pre]
      }
    }
  }

  /// Weighted past activity by its step of arrival [time][postsynaptic].
  private func arrivals(
    of past: [[Double]], _ weights: [[Double]], steps count: Int
  ) -> [[Double]] {
    var result = [[Double]].zeros(count, weights.count)
    forEach(weights) { post, pre, steps in
      for time in 0..<min(steps, count) where past.count + time >= steps {
        result[time][post] += weights[post][pre] * past[past.count + time - steps][pre]
      }
    }
    return result
  }

  private func filtered(
    _ drive: [[Double]], _ past: ReferencePast, _ filter: ExponentialFilter<Double>?
  ) -> (drive: [[Double]], end: [[Double]]?) {
    guard let filter, let start = past.filter else { return (drive, nil) }
    var states = filterStates(start)
    let result = drive.map { row in row.indices.map { filter.step(&states[$0], row[$0]) } }
    return (result, [states.map(\.rising), states.map(\.filtered)])
  }
}

/// The states of a filter from h and r [part][column].
func filterStates(_ parts: [[Double]]) -> [ExponentialFilter<Double>.State] {
  zip(parts[0], parts[1]).map { rising, filtered in
    var state = ExponentialFilter<Double>.State()
    state.rising = rising
    state.filtered = filtered
    return state
  }
}

extension NetworkState<Double> {
  /// The rows of a tensor for one trial; nil if there is no such tensor.
  func rows(_ name: String, trial: Int) -> [[Double]]? {
    tensors[name].map { tensor in
      let width = tensor.shape[2]
      return (0..<tensor.shape[0]).map { row in
        let start = (row * tensor.shape[1] + trial) * width
        return [Double](tensor.values[start..<start + width])
      }
    }
  }

  /// Sets the last rows of a tensor for one trial, as far as there are any; rows before them come of those
  /// that the tensor has.
  mutating func setLast(_ rows: [[Double]], of name: String, trial: Int) {
    guard let former = self.rows(name, trial: trial) else { return }
    let kept = (former + rows).suffix(former.count)
    tensors.update(name) { tensor in
      let width = tensor.shape[2]
      for (row, values) in kept.enumerated() {
        let start = (row * tensor.shape[1] + trial) * width
        tensor.values.replaceSubrange(start..<start + width, with: values)
      }
    }
  }

  /// The state of one trial of a layer.
  ///
  /// - Parameter below: the tensor that holds what the layer reads.
  func layer(_ layer: any NetworkLayer, below: String, trial: Int) -> ReferenceLayerState {
    let activity = rows("\(layer.name).activity", trial: trial)!
    return ReferenceLayerState(
      parts: rows("\(layer.name).state", trial: trial)!, activity: activity,
      input: ReferencePast(
        activity: rows(below, trial: trial) ?? [],
        filter: rows("\(layer.name).input.filter", trial: trial)),
      recurrent: layer.recurrent.map {
        ReferencePast(
          activity: activity,
          filter: rows("\(layer.name).\($0.recurrentName).filter", trial: trial))
      })
  }
}
