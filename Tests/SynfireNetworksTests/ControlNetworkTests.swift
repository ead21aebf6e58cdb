import Foundation
import SynfireCore
import SynfireNetworks
import Testing

/// Networks of real weights in closed loop against plain loops in double precision.
@Suite struct ControlNetworkTests {
  /// Random weights of all tensors, and the same as doubles.
  private func weights(
    _ network: some ParameterizedNetwork, _ seed: UInt64, scale: Double = 1
  ) -> NamedTensors<Double> {
    var result = network.initialParameters(seed: seed).converted(to: Double.self)
    var stream = RandomStream(seed: seed, stream: "biases")
    for name in result.names where name.hasSuffix("bias") {
      result.update(name) { tensor in
        for index in tensor.values.indices { tensor.values[index] = stream.normal() * 0.3 }
      }
    }
    // As the fast engine has them.
    return result.converted(to: Float.self).converted()
  }

  private func product(_ matrix: Tensor<Double>, rows: Range<Int>, _ x: [Double]) -> [Double] {
    rows.map { row in x.indices.reduce(0) { $0 + matrix[row, $1] * x[$1] } }
  }

  private func close(_ a: [Float], _ b: [Double], _ tolerance: Double) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs(Double($0) - $1) < tolerance }
  }

  @Test(arguments: [(3, 20, 2), (1, 64, 1), (5, 100, 3), (17, 256, 6)])
  func spikingNetworksOfRealWeights(_ sizes: (Int, Int, Int)) throws {
    let network = try DenseSpikingNetwork(
      observations: sizes.0, neurons: sizes.1, actions: sizes.2,
      neuron: ControlNeuron(inputGain: 0.3), actionRange: nil)
    let weights = weights(network, 4)
    let (fast, reference) = (network.makeIndividual(), try network.reference(weights))
    try network.load(weights, into: fast)
    var stream = RandomStream(seed: 2, stream: "control")
    fast.reset(&stream)
    var state = [Float](repeating: 0, count: fast.stateCount)
    state.withUnsafeMutableBufferPointer { fast.save($0.baseAddress!) }
    reference.potentials = state[sizes.1..<2 * sizes.1].map { Double($0) }
    var spikes = 0.0
    for _ in 0..<3 {
      let observation = stream.normals(sizes.0)
      let expected = reference.step(observation.map { Double($0) })
      #expect(close(try fast.step(observation), expected, 2e-3))
      spikes += reference.spikes.reduce(0, +)
    }
    state.withUnsafeMutableBufferPointer { fast.save($0.baseAddress!) }
    #expect(state[(3 * sizes.1)...].map { Double($0) } == reference.spikes)
    // The last row of what is kept of a step are the last spikes.
    let words = (sizes.1 + 63) / 64
    #expect(fast.spikes.count == fast.subSteps * words && fast.subSteps == 33)
    let last = fast.spikes.suffix(words).map { $0 }
    #expect((0..<sizes.1).map { Double(last[$0 / 64] >> UInt64($0 % 64) & 1) } == reference.spikes)
    if sizes.1 > 20 { #expect(spikes > 0) }
  }

  @Test func scalesOfSpikingNetworks() throws {
    let network = try DenseSpikingNetwork(observations: 11, actions: 3)
    #expect(abs(network.inputScale - 0.426401433) < 1e-9)
    #expect(abs(network.recurrentScale - 0.176776695) < 1e-9)
    #expect(abs(network.outputScale - 0.3125) < 1e-12)
    #expect(network.trainedParameters == 11 * 256 + 256 * 256 + 256 * 3)
  }

  @Test(arguments: [true, false])
  func tanhNetworks(_ isRecurrent: Bool) throws {
    let network = try TanhNetwork(
      observations: 5, neurons: 37, actions: 2, isRecurrent: isRecurrent, actionRange: nil)
    let weights = weights(network, 6)
    let fast = network.makeIndividual()
    try network.load(weights, into: fast)
    var stream = RandomStream(seed: 3, stream: "control")
    fast.reset(&stream)
    var hidden = [Double](repeating: 0, count: 37)
    for _ in 0..<4 {
      let observation = stream.normals(5)
      var sums = product(
        weights["hidden.input.weights"]!, rows: 0..<37, observation.map { Double($0) })
      let recurrent = weights["hidden.recurrent.weights"]
      #expect((recurrent != nil) == isRecurrent)
      let drives = recurrent.map { product($0, rows: 0..<37, hidden) }
      for neuron in 0..<37 {
        sums[neuron] += weights["hidden.bias"]!.values[neuron] + (drives?[neuron] ?? 0)
      }
      hidden = sums.map { tanh($0) }
      #expect(close(try fast.step(observation), readout(weights, hidden), 1e-5))
    }
  }

  private func readout(_ weights: NamedTensors<Double>, _ hidden: [Double]) -> [Double] {
    let matrix = weights["readout.weights"]!
    return zip(product(matrix, rows: 0..<matrix.shape[0], hidden), weights["readout.bias"]!.values)
      .map { $0 + $1 }
  }

  @Test func gatedNetworks() throws {
    let neurons = 29
    let network = try GRUNetwork(observations: 4, neurons: neurons, actions: 3, actionRange: nil)
    let weights = weights(network, 9)
    let fast = network.makeIndividual()
    try network.load(weights, into: fast)
    var stream = RandomStream(seed: 3, stream: "control")
    fast.reset(&stream)
    var hidden = [Double](repeating: 0, count: neurons)
    func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    for _ in 0..<4 {
      let observation = stream.normals(4)
      let x = observation.map { Double($0) }
      func input(_ gate: Int) -> [Double] {
        zip(
          product(
            weights["hidden.input.weights"]!, rows: gate * neurons..<(gate + 1) * neurons, x),
          weights["hidden.bias"]!.values[(gate * neurons)...]
        ).map { $0 + $1 }
      }
      func recurrent(_ gate: Int) -> [Double] {
        product(
          weights["hidden.recurrent.weights"]!, rows: gate * neurons..<(gate + 1) * neurons, hidden)
      }
      let gates = (0..<3).map { (input($0), recurrent($0)) }
      hidden = (0..<neurons).map { neuron in
        let reset = sigmoid(gates[0].0[neuron] + gates[0].1[neuron])
        let update = sigmoid(gates[1].0[neuron] + gates[1].1[neuron])
        let inner = gates[2].1[neuron] + weights["hidden.candidate.bias"]!.values[neuron]
        let candidate = tanh(gates[2].0[neuron] + reset * inner)
        return (1 - update) * candidate + update * hidden[neuron]
      }
      #expect(close(try fast.step(observation), readout(weights, hidden), 1e-5))
    }
  }

  @Test func statesAreSavedAndActionsClipped() throws {
    func check<Network: RealNetwork>(_ network: Network) throws
    where Network.Individual: Controller {
      let (one, other) = (network.makeIndividual(), network.makeIndividual())
      let weights = weights(network, 1)
      for individual in [one, other] { try network.load(weights, into: individual) }
      var stream = RandomStream(seed: 3, stream: "control")
      one.reset(&stream)
      let observation: [Float] = [30, -20, 10]
      _ = try one.step(observation)
      var state = [Float](repeating: 0, count: one.stateCount)
      state.withUnsafeMutableBufferPointer { one.save($0.baseAddress!) }
      state.withUnsafeBufferPointer { other.restore($0.baseAddress!) }
      var actions: [Float] = []
      for _ in 0..<4 {
        let action = try one.step(observation)
        #expect(try other.step(observation) == action)
        actions += action
      }
      #expect(actions.allSatisfy { (-0.1...0.1).contains($0) })
      #expect(actions.contains(0.1) || actions.contains(-0.1))
      one.reset(&stream)
      other.reset(&stream)
      var again = [Float](repeating: 0, count: one.stateCount)
      again.withUnsafeMutableBufferPointer { one.save($0.baseAddress!) }
      #expect(again != state)
    }
    let range: ClosedRange<Float> = -0.1...0.1
    try check(DenseSpikingNetwork(observations: 3, neurons: 70, actions: 4, actionRange: range))
    try check(TanhNetwork(observations: 3, neurons: 18, actions: 4, actionRange: range))
    try check(GRUNetwork(observations: 3, neurons: 18, actions: 4, actionRange: range))
  }

  @Test func mistakesAreErrors() throws {
    #expect(throws: NetworkError.self) { try GRUNetwork(observations: 1, neurons: 0, actions: 1) }
    #expect(throws: NetworkError.self) { try TanhNetwork(observations: 1, actions: 0) }
    #expect(throws: NetworkError.self) { try DenseSpikingNetwork(observations: -1, actions: 1) }
    let network = try TanhNetwork(observations: 1, neurons: 4, actions: 1)
    #expect(throws: NetworkError.self) {
      try network.load(NamedTensors<Float>(), into: network.makeIndividual())
    }
  }
}
