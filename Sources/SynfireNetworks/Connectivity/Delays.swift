import Synchronization
import SynfireCore

/// Delays of the synapses of any connectivity, drawn once, uniformly and independently for each synapse
/// (Bellec et al. 2018, code), or given.
public struct Delays: Connectivity {
  public let base: any Connectivity
  /// Delays are 0 to this number less one, in steps.
  public let count: Int
  private let source: Source
  private let known = KnownDelays()

  private enum Source: Sendable {
    case drawn(seed: UInt64, name: String)
    case given([Int])
  }

  /// Draws delays of 0 to `count` - 1 steps, a function of the seed and of a name for the connection.
  public init(_ base: any Connectivity, count: Int, seed: UInt64, name: String) {
    self.base = base
    self.count = count
    source = .drawn(seed: seed, name: name)
  }

  /// Delays in steps [postsynaptic, presynaptic].
  public init(_ base: any Connectivity, values: [Int]) {
    self.base = base
    count = (values.max() ?? 0) + 1
    source = .given(values)
  }

  public var largestDelay: Int { count - 1 }

  public func delays(presynaptic: Int, postsynaptic: Int) -> [Int]? {
    switch source {
    case .given(let values): return values
    case .drawn(let seed, let name):
      return known.delays([presynaptic, postsynaptic]) {
        var stream = RandomStream(seed: seed, stream: "delays \(name)")
        return (0..<presynaptic * postsynaptic).map { _ in stream.integer(below: count) }
      }
    }
  }

  /// Where synapses act in sweeps with trials as lanes.
  func synapseMap(presynaptic: Int, postsynaptic: Int) -> SynapseMap {
    known.map([presynaptic, postsynaptic]) {
      SynapseMap(
        presynaptic: presynaptic, postsynaptic: postsynaptic,
        delays: delays(presynaptic: presynaptic, postsynaptic: postsynaptic))
    }
  }

  public func specifications(presynaptic: Int, postsynaptic: Int) -> [ParameterSpecification] {
    base.specifications(presynaptic: presynaptic, postsynaptic: postsynaptic)
  }

  public func weights(
    _ parameters: NamedTensors<Double>, presynaptic: Int, postsynaptic: Int
  ) -> Tensor<Double> {
    base.weights(parameters, presynaptic: presynaptic, postsynaptic: postsynaptic)
  }

  public func gradient(
    ofWeights gradient: Tensor<Double>, _ parameters: NamedTensors<Double>
  ) -> NamedTensors<Double> {
    base.gradient(ofWeights: gradient, parameters)
  }

  public func packed(
    _ parameters: NamedTensors<Float>, presynaptic: Int, postsynaptic: Int, spiking: Bool
  ) -> any PackedConnectivity {
    PackedDelays(
      self, parameters.converted(), presynaptic: presynaptic, postsynaptic: postsynaptic,
      spiking: spiking)
  }
}

/// Delays that were drawn, by the sizes of a connection: they never change, and every update asks.
private final class KnownDelays: Sendable {
  private let delays = Mutex<[[Int]: [Int]]>([:])
  private let maps = Mutex<[[Int]: SynapseMap]>([:])

  func delays(_ sizes: [Int], draw: () -> [Int]) -> [Int] {
    if let found = delays.withLock({ $0[sizes] }) { return found }
    let drawn = draw()
    delays.withLock { $0[sizes] = drawn }
    return drawn
  }

  func map(_ sizes: [Int], make: () -> SynapseMap) -> SynapseMap {
    if let found = maps.withLock({ $0[sizes] }) { return found }
    let made = make()
    maps.withLock { $0[sizes] = made }
    return made
  }
}

/// One matrix for each delay, with the weights of the synapses that have it.
final class PackedDelays: PackedConnectivity {
  private let base: any Connectivity
  private let parameters: NamedTensors<Double>
  private let delays: [Int]
  private let parts: [PackedDense]

  init(
    _ connectivity: Delays, _ parameters: NamedTensors<Double>, presynaptic: Int,
    postsynaptic: Int, spiking: Bool
  ) {
    let base = connectivity.base
    self.base = base
    self.parameters = parameters
    let delays = connectivity.delays(presynaptic: presynaptic, postsynaptic: postsynaptic)!
    self.delays = delays
    let weights: Tensor<Float> = base.weights(
      parameters, presynaptic: presynaptic, postsynaptic: postsynaptic
    ).converted()
    parts = (0..<connectivity.count).map { delay in
      var part = weights
      for index in part.values.indices where delays[index] != delay { part.values[index] = 0 }
      return PackedDense(
        weights: part, spiking: spiking,
        adjointPrecision: (base as? Dense)?.adjointPrecision ?? .single)
    }
  }

  func makeWorkspace(trials: Int) -> ConnectivityWorkspace {
    ConnectivityWorkspace(parts: parts.map { $0.makeWorkspace(trials: trials) })
  }

  func propagate(
    _ activity: BlockActivity, time: Int, trials: Int, into drive: UnsafeMutablePointer<Float>,
    _ workspace: ConnectivityWorkspace
  ) {
    for (delay, part) in parts.enumerated() where time >= delay {
      part.propagate(
        activity, time: time - delay, trials: trials, into: drive, workspace.parts[delay])
    }
  }

  func backpropagate(
    _ adjoint: AdjointRing, time: Int, trials: Int,
    into presynaptic: UnsafeMutablePointer<Float>, stride: Int,
    _ workspace: ConnectivityWorkspace
  ) {
    for (delay, part) in parts.enumerated() {
      part.backpropagate(
        adjoint, time: time + delay, trials: trials, into: presynaptic, stride: stride,
        workspace.parts[delay])
    }
  }

  func accumulate(
    _ activity: BlockActivity, times: Range<Int>, trials: Int, _ adjoint: AdjointRing,
    _ workspace: ConnectivityWorkspace
  ) {
    for (delay, part) in parts.enumerated() where times.upperBound > delay {
      part.accumulate(
        activity.delayed(by: delay), times: max(times.lowerBound, delay)..<times.upperBound,
        trials: trials, adjoint, workspace.parts[delay])
    }
  }

  /// The parts' gradients lie one after another.
  func gradient(_ sum: AlignedBuffer<Float>) -> NamedTensors<Float> {
    var total: Tensor<Double>?
    let length = sum.count / parts.count
    for (delay, part) in parts.enumerated() {
      let gradient: Tensor<Double> = part.gradientLayout.gradient(sum.pointer + delay * length)
        .converted()
      if total == nil { total = gradient }
      for index in gradient.values.indices where delays[index] == delay {
        total!.values[index] = gradient.values[index]
      }
    }
    return base.gradient(ofWeights: total!, parameters).converted()
  }
}

extension BlockActivity {
  /// The activity as it is seen `delay` steps later.
  fileprivate func delayed(by delay: Int) -> BlockActivity {
    switch self {
    case .spikes(let words, let timeStride, let trialStride):
      .spikes(words - delay * timeStride, timeStride: timeStride, trialStride: trialStride)
    case .analog(let values, let timeStride, let trialStride):
      .analog(values - delay * timeStride, timeStride: timeStride, trialStride: trialStride)
    }
  }
}
