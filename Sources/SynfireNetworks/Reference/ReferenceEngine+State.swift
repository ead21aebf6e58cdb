import SynfireCore

/// Trials of the reference engine that go on from a state.
extension ReferenceEngine {
  /// What one trial of a layer goes on from; nil for rest.
  func layerStart(_ run: Run, _ index: Int, _ trial: Int) -> ReferenceLayerState? {
    run.start?.layer(
      network.layers[index],
      below: index == 0
        ? NetworkState<Double>.inputsName : "\(network.layers[index - 1].name).activity",
      trial: trial)
  }

  /// From activity of the last layer to its outputs.
  var readoutPaths: ReferencePaths { ReferencePaths(latency: readoutLatency, delays: nil) }

  func readoutPast(_ start: NetworkState<Double>, _ trial: Int) -> ReferencePast {
    ReferencePast(
      activity: start.rows("\(network.layers.last!.name).activity", trial: trial)!,
      filter: start.rows(NetworkState<Double>.readoutFilter, trial: trial))
  }

  /// The activity of the last layer as the readout's weights see it; what is left of the past is added to
  /// the outputs, or for a maximum over time is in here.
  func readoutActivity(_ activity: [[Double]], trial: Int, _ run: inout Run) -> [[Double]] {
    let (steps, width) = (activity.count, activity[0].count)
    if let start = run.start, network.readout.reduction == .maximumOverTime {
      let past = readoutPast(start, trial)
      let known = past.activity + activity
      let delayed = (0..<steps).map { known[past.activity.count + $0 - readoutLatency] }
      guard let filter = readoutFilter, let parts = past.filter else { return delayed }
      var states = filterStates(parts)
      let filtered = delayed.map { row in row.indices.map { filter.step(&states[$0], row[$0]) } }
      run.state?.setLast(
        [states.map(\.rising), states.map(\.filtered)], of: NetworkState<Double>.readoutFilter,
        trial: trial)
      return filtered
    }
    let filtered = readoutFilter.filtered(activity)
    let silence = [Double](repeating: 0, count: width)
    return (0..<steps).map { $0 < readoutLatency ? silence : filtered[$0 - readoutLatency] }
  }

  /// Notes the state that a trial ends in.
  func finish(_ run: inout Run, trial: Int, _ readoutWeights: [[Double]]) {
    guard let start = run.start else { return }
    run.state?.setLast(run.inputs[trial], of: NetworkState<Double>.inputsName, trial: trial)
    for (layer, traces) in zip(network.layers, run.traces) {
      let trace = traces[trial]
      run.state?.setLast(trace.outputs, of: "\(layer.name).activity", trial: trial)
      guard let end = trace.end else { continue }
      run.state?.setLast(end.parts, of: "\(layer.name).state", trial: trial)
      for (name, filter) in end.filters {
        run.state?.setLast(filter, of: "\(layer.name).\(name)", trial: trial)
      }
    }
    guard network.readout.reduction != .maximumOverTime,
      let end = readoutPaths.endOfFilter(
        readoutPast(start, trial), run.traces.last![trial].outputs, readoutWeights, readoutFilter)
    else { return }
    run.state?.setLast(end, of: NetworkState<Double>.readoutFilter, trial: trial)
  }
}
