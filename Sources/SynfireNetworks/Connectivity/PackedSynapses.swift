import SynfireCore

/// The synapses that weigh anything, by presynaptic neuron, for sweeps with trials as lanes.
///
/// The gradient is that of every pair of neurons, whether it has a synapse or not, [presynaptic,
/// postsynaptic padded], as rewiring needs it.
final class PackedSynapses: TrialLaneConnectivity {
  struct Synapse: BitwiseCopyable {
    /// `SynapseMap.offset`.
    var offset: Int32
    var weight: Float
  }

  let map: SynapseMap
  /// The synapses of a neuron follow each other; up to a multiple of four there are some of weight 0.
  let synapses: AlignedBuffer<Synapse>
  /// Where the synapses of each neuron start, and where those of the last one end.
  let starts: AlignedBuffer<Int32>
  /// How many each neuron has.
  let counts: AlignedBuffer<Int32>
  /// Neurons by number of synapses, so that loops over synapses have the same length many times.
  let order: AlignedBuffer<Int32>
  private let chainRule: @Sendable (Tensor<Float>) -> NamedTensors<Float>

  /// - Parameters:
  ///   - weights: [postsynaptic, presynaptic].
  ///   - chainRule: the gradient of the tensors from that of the weights.
  init(
    weights: Tensor<Float>, map: SynapseMap,
    chainRule: @escaping @Sendable (Tensor<Float>) -> NamedTensors<Float>
  ) {
    self.map = map
    self.chainRule = chainRule
    let presynaptic = map.presynaptic
    counts = AlignedBuffer(count: presynaptic)
    starts = AlignedBuffer(count: presynaptic + 1)
    let (counts, starts) = (counts.pointer, starts.pointer)
    synapses = weights.values.withUnsafeBufferPointer { weights in
      Self.forEachSynapse(weights, map) { _, pre, _ in counts[pre] += 1 }
      for pre in 0..<presynaptic { starts[pre + 1] = starts[pre] + (counts[pre] + 3) & ~3 }
      let synapses = AlignedBuffer<Synapse>(count: Int(starts[presynaptic]))
      var ends = Array(UnsafeBufferPointer(start: starts, count: presynaptic))
      Self.forEachSynapse(weights, map) { post, pre, weight in
        synapses.pointer[Int(ends[pre])] = Synapse(
          offset: Int32(truncatingIfNeeded: map.offset(post, pre)), weight: weight)
        ends[pre] += 1
      }
      return synapses
    }
    order = Self.order(presynaptic, counts)
  }

  private static func order(
    _ neurons: Int, _ counts: UnsafePointer<Int32>
  ) -> AlignedBuffer<Int32> {
    let order = AlignedBuffer<Int32>(count: neurons)
    let sorted = (0..<neurons).sorted {
      ((counts[$0] + 3) >> 2, $0) < ((counts[$1] + 3) >> 2, $1)
    }
    for (place, neuron) in sorted.enumerated() { order.pointer[place] = Int32(neuron) }
    return order
  }

  private static func forEachSynapse(
    _ weights: UnsafeBufferPointer<Float>, _ map: SynapseMap,
    _ body: (_ post: Int, _ pre: Int, _ weight: Float) -> Void
  ) {
    for post in 0..<map.postsynaptic {
      for pre in 0..<map.presynaptic {
        let weight = weights[post * map.presynaptic + pre]
        if weight != 0 { body(post, pre, weight) }
      }
    }
  }

  var readsOnlySpikes: Bool { true }

  func makeLanePath(_ wiring: LanePathWiring) -> any LanePath { SynapseLanePath(self, wiring) }

  func gradient(_ sum: AlignedBuffer<Float>) -> NamedTensors<Float> {
    let (presynaptic, postsynaptic) = (map.presynaptic, map.postsynaptic)
    var gradient = Tensor<Float>(
      axes: ["neuron", "presynaptic"], shape: [postsynaptic, presynaptic])
    gradient.values.withUnsafeMutableBufferPointer { buffer in
      Transposition.copy(
        sum.pointer, rows: presynaptic, columns: postsynaptic, sourceStride: 16 * map.vectors,
        into: buffer.baseAddress!, stride: presynaptic)
    }
    return chainRule(gradient)
  }
}

extension Connectivity {
  /// The form for sweeps with trials as lanes: few numbers where there are few, else synapse by synapse.
  func packedForTrialLanes(
    _ parameters: NamedTensors<Float>, presynaptic: Int, postsynaptic: Int, spiking: Bool
  ) -> any TrialLaneConnectivity {
    if suitsTrialLanes(presynaptic: presynaptic, postsynaptic: postsynaptic),
      let packed = packed(
        parameters, presynaptic: presynaptic, postsynaptic: postsynaptic, spiking: spiking)
        as? any FactoredLaneConnectivity
    {
      return packed
    }
    let exact: NamedTensors<Double> = parameters.converted()
    return PackedSynapses(
      weights: weights(exact, presynaptic: presynaptic, postsynaptic: postsynaptic).converted(),
      map: synapseMap(presynaptic: presynaptic, postsynaptic: postsynaptic)
    ) { gradient in
      self.gradient(ofWeights: gradient.converted(), exact).converted()
    }
  }

  private func synapseMap(presynaptic: Int, postsynaptic: Int) -> SynapseMap {
    (self as? Delays)?.synapseMap(presynaptic: presynaptic, postsynaptic: postsynaptic)
      ?? SynapseMap(
        presynaptic: presynaptic, postsynaptic: postsynaptic,
        delays: delays(presynaptic: presynaptic, postsynaptic: postsynaptic))
  }
}
