import SynfireCore
import SynfireNetworks
import Testing

/// Networks of single bits against the worked example of Wang et al. (2023) and against plain loops.
@Suite struct BernoulliNetworkTests {
  /// Rows of zeros and ones, presynaptic neurons first, as a tensor of the network's.
  private func tensor(_ rows: [String], _ axes: [String]) -> Tensor<Double> {
    let bits = rows.map { row in row.map { $0 == "1" ? 1.0 : 0.0 } }
    let (pre, post) = (bits.count, bits[0].count)
    return Tensor(
      axes: axes, shape: [post, pre],
      values: (0..<post).flatMap { column in (0..<pre).map { bits[$0][column] } })
  }

  private var connections: NamedTensors<Double> {
    NamedTensors([
      (
        "hidden.input.probabilities",
        tensor(["1011", "0100", "0100", "1011"], ["neuron", "input"])
      ),
      (
        "hidden.recurrent.probabilities",
        tensor(["0110", "1001", "0101", "1010"], ["neuron", "presynaptic"])
      ),
      ("readout.probabilities", tensor(["10", "01", "11", "00"], ["action", "neuron"])),
    ])
  }

  private func network(inputGain: Double) throws -> BernoulliNetwork {
    try BernoulliNetwork(
      observations: 2, neurons: 4, actions: 2, neuron: ControlNeuron(inputGain: inputGain),
      actionRange: nil)
  }

  private let observation = [1.2, -0.7]
  private let potentials = [0.1, 0.5, 0.9, 0.3]

  private func expect(
    _ found: [Double], _ expected: [Double], within tolerance: Double = 1e-9,
    _ comment: Comment? = nil
  ) {
    #expect(found.count == expected.count)
    for (a, b) in zip(found, expected) { #expect(abs(a - b) < tolerance, comment) }
  }

  @Test func scalesAreThoseOfThePublication() throws {
    let network = try network(inputGain: 0.5)
    #expect(network.neuron.subSteps == 33)
    expect(
      [network.inputScale, network.recurrentScale, network.outputScale],
      [7.071067811865, 2, 3.535533905933])
    let published = try [11, 17, 240, 348].map {
      try BernoulliNetwork(observations: $0, actions: 3)
    }
    expect(
      published.map(\.inputScale), [0.603022689, 0.485071250, 0.129099445, 0.107211253])
    expect([published[0].recurrentScale, published[0].outputScale], [0.25, 0.441941738])
    expect(
      try [
        BernoulliNetwork(observations: 11, actions: 3),
        BernoulliNetwork(observations: 17, actions: 6),
        BernoulliNetwork(observations: 240, actions: 17),
        BernoulliNetwork(observations: 348, actions: 17),
        BernoulliNetwork(observations: 376, actions: 17),
      ].map { Double($0.trainedParameters) }, [71936, 75776, 192_768, 248_064, 262_400])
  }

  @Test func workedExampleStepByStep() throws {
    let currents: [[Double]] = [
      [0, 0, 0, 0], [0, -2, 0, -2], [-2, 0.190325163928, 0, -1.809674836072],
      [-1.809674836072, -1.827786670084, 0, -3.637461506156],
      [-3.637461506156, 0.346150228721, 0, -3.291311277435],
      [-3.291311277435, -1.686790320792, 0, -4.978101598227],
    ]
    let voltages: [[Double]] = [
      [0.750357030950, -0.179619376250, 0, 0.940602915851],
      [0, -0.923634475398, 0.655234088500, 0],
      [0.557692937502, -1.524540111206, 0, 0.566975205279],
      [0, -2.194563708901, 0.655234088500, 0],
      [0.477832997489, -2.725885716485, 0, 0.494714943353],
      [0.949243750561, -3.330442524538, 0.655234088500, 0.883036619518],
    ]
    let spikes: [[Double]] = [
      [0, 0, -1, 0], [1, 0, 0, -1], [0, 0, -1, 0], [1, 0, 0, -1], [0, 0, -1, 0], [0, 0, 0, 0],
    ]
    let reference = try network(inputGain: 0.5).reference(connections)
    reference.potentials = potentials
    reference.receive(observation)
    expect(
      reference.inputCurrents,
      [13.435028842544, -13.435028842544, 13.435028842544, 13.435028842544])
    for step in 0..<6 {
      reference.subStep()
      expect(reference.currents, currents[step], "current \(step)")
      expect(reference.potentials, voltages[step], "potential \(step)")
      #expect(reference.spikes == spikes[step])
    }
    expect(reference.rates, [0.168118823235, 0, -0.252703584403, -0.168118823235])
    expect(reference.outputs, [-0.299052291035, -0.893442090808])
    for _ in 6..<33 { reference.subStep() }
    expect(reference.outputs, [-1.148335079618, -2.961876318904])
  }

  @Test func workedExampleInBothEngines() throws {
    for (gain, expected) in [
      (0.5, [-1.148335079618, -2.961876318904]), (0.1, [-0.597879843863, -1.155349650451]),
    ] {
      let network = try network(inputGain: gain)
      let reference = try network.reference(connections)
      reference.potentials = potentials
      expect(reference.step(observation), expected)
      let fast = network.makeIndividual()
      try network.load(connections, into: fast)
      let zeros = [Float](repeating: 0, count: 4)
      try fast.setState(
        currents: zeros, potentials: potentials.map { Float($0) }, rates: zeros, spikes: zeros)
      let action = try fast.step(observation.map { Float($0) })
      expect(action.map { Double($0) }, expected, within: 1e-5)
    }
    let clipped = try BernoulliNetwork(
      observations: 2, neurons: 4, actions: 2, neuron: ControlNeuron(inputGain: 0.5))
    let reference = try clipped.reference(connections)
    reference.potentials = potentials
    #expect(reference.step(observation) == [-1, -1])
  }

  /// Sizes that are whole words and that are not, over several steps of the environment: the same spikes.
  @Test(arguments: [
    (1, 1, 1, 0.5), (3, 16, 2, 0.5), (4, 32, 1, 0.5), (5, 61, 3, 0.5), (2, 64, 1, 0.25),
    (11, 100, 3, 0.8), (7, 130, 4, 0.5), (0, 70, 2, 0.5), (17, 256, 6, 0.5), (9, 300, 5, 1),
    (9, 200, 5, 0),
  ])
  func bitsDoWhatPlainLoopsDo(_ sizes: (Int, Int, Int, Double)) throws {
    let (observations, neurons, actions, fraction) = sizes
    let network = try BernoulliNetwork(
      observations: observations, neurons: neurons, actions: actions,
      excitatoryFraction: fraction, neuron: ControlNeuron(inputGain: 0.6), actionRange: nil)
    var stream = RandomStream(seed: 5, stream: "bits \(sizes)")
    let connections = NamedTensors<Double>(
      network.parameterSpecifications.map { specification in
        let count = specification.shape.reduce(1, *)
        return (
          specification.name,
          Tensor(
            axes: specification.axes, shape: specification.shape,
            values: (0..<count).map { _ in stream.bernoulli(0.5) ? 1 : 0 })
        )
      })
    let (fast, reference) = (network.makeIndividual(), try network.reference(connections))
    try network.load(connections, into: fast)
    fast.reset(&stream)
    reference.potentials = fast.state.potentials.map { Double($0) }
    #expect(fast.state.potentials.allSatisfy { (0..<1).contains($0) })
    // Sub-steps with a few spikes and with many are counted in two ways.
    var (few, many) = (0, 0)
    for _ in 0..<4 {
      let observation = stream.normals(observations)
      let action = try fast.step(observation)
      let expected = reference.step(observation.map { Double($0) })
      expect(action.map { Double($0) }, expected, within: 2e-4)
      expect(fast.state.currents.map { Double($0) }, reference.currents, within: 2e-4)
      expect(fast.state.potentials.map { Double($0) }, reference.potentials, within: 2e-4)
      let words = (neurons + 63) / 64
      let last = Array(fast.spikes.suffix(words))
      for neuron in 0..<neurons {
        let bit = last[neuron / 64] >> UInt64(neuron % 64) & 1
        #expect(Double(bit) == abs(reference.spikes[neuron]))
      }
      for subStep in 0..<33 {
        let spikes = fast.spikes[subStep * words..<(subStep + 1) * words]
          .reduce(0) { $0 + $1.nonzeroBitCount }
        if spikes > neurons / 8 { many += 1 } else if spikes > 0 { few += 1 }
      }
    }
    // Otherwise the comparison says little.
    if observations > 0, neurons > 1 { #expect(many > 0) }
    if observations > 0, neurons > 30, fraction <= 0.5 { #expect(few > 0) }
  }

  @Test func savedStatesGoOnToTheSameBits() throws {
    let network = try BernoulliNetwork(
      observations: 3, neurons: 90, actions: 2, neuron: ControlNeuron(inputGain: 0.5))
    var stream = RandomStream(seed: 1, stream: "state")
    let words = (0..<network.layout.words).map { _ in stream.next() }
    // Bits that belong to no connection must not count either.
    let connections = words.withUnsafeBufferPointer { network.layout.tensors($0.baseAddress!) }
    let (one, other) = (network.makeIndividual(), network.makeIndividual())
    for individual in [one, other] { try network.load(connections, into: individual) }
    one.reset(&stream)
    let observation: [Float] = [1, -0.5, 2]
    for _ in 0..<3 { _ = try one.step(observation) }
    var state = [Float](repeating: 0, count: one.stateCount)
    state.withUnsafeMutableBufferPointer { one.save($0.baseAddress!) }
    state.withUnsafeBufferPointer { other.restore($0.baseAddress!) }
    for _ in 0..<3 {
      #expect(try one.step(observation) == other.step(observation))
      #expect(Array(one.spikes) == Array(other.spikes))
    }
    #expect(one.spikes.contains { $0 != 0 })
  }

  @Test func mistakesAreErrors() throws {
    #expect(throws: NetworkError.self) {
      try BernoulliNetwork(observations: 2, neurons: 0, actions: 1)
    }
    #expect(throws: NetworkError.self) { try BernoulliNetwork(observations: -1, actions: 1) }
    #expect(throws: NetworkError.self) {
      try BernoulliNetwork(observations: 2, actions: 1, excitatoryFraction: 1.5)
    }
    #expect(throws: NetworkError.self) {
      try BernoulliNetwork(observations: 2, actions: 1, expectedDensity: 0)
    }
    #expect(throws: NetworkError.self) {
      try BernoulliNetwork(observations: 2, actions: 1, neuron: ControlNeuron(timeStep: 0))
    }
    #expect(throws: NetworkError.self) {
      try BernoulliNetwork(observations: 2, actions: 1, neuron: ControlNeuron(threshold: 0))
    }
    let network = try network(inputGain: 0.5)
    #expect(throws: NetworkError.self) { try network.makeIndividual().step([1, 2, 3]) }
    #expect(throws: NetworkError.self) {
      try network.load(NamedTensors<Double>(), into: network.makeIndividual())
    }
  }
}
