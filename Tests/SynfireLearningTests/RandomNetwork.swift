import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

/// A small network of random architecture with random parameters, inputs and targets.
struct RandomNetwork: Sendable, CustomTestStringConvertible {
  /// What may be chosen.
  struct Options: Sendable {
    var neurons = 3...8
    var modes = 1...4
    var steps = 8...20
    var trials = 1...3
    var layers = 1...2
    var outputs = 2...3
    /// Slopes and widths so that smoothed spikes are far from steps.
    var isGentle = true
    var allowsRates = true
    /// The part of the spiking layers that are adaptive, with some quantities trained.
    var adaptive = 0.0
    /// Whether no reset is left out of the gradient.
    var differentiatesResets = false
    var spikeInputs = false
    /// Of a channel at a step, where inputs are spikes.
    var spikeProbability = 0.3
    /// The most steps that a spike is delayed by; synapses are delayed where it is above 0.
    var largestDelay = 0
    /// Kinds of recurrent synapses, drawn with their filters from more connectivities where there may be
    /// several.
    var kinds = 1...1
    /// Whether these may be sparse: the gradient of dormant synapses is no derivative.
    var allowsSparse = true
  }

  /// Seeds of networks with several kinds of recurrent synapses, in suites that have both.
  static let severalKinds = 2000..<2016

  let seed: UInt64
  let network: Network
  let parameters: NamedTensors<Double>
  let inputs: Tensor<Double>
  let targets: TrialTargets
  let loss: Loss
  private let summary: String

  var trials: Int { inputs.shape[1] }
  var testDescription: String { "seed \(seed): \(summary)" }

  init(seed: UInt64, _ options: Options = Options()) throws {
    var random = RandomStream(seed: seed, stream: "random network")
    func pick(_ range: ClosedRange<Int>) -> Int {
      range.lowerBound + random.integer(below: range.count)
    }
    func choose<Element>(_ elements: [Element]) -> Element {
      elements[random.integer(below: elements.count)]
    }
    let filters: [SpikeFilter] = [
      .none, .single(decay: 0.030), .double(decay: 0.030, rise: 0.002, normalization: .unitGain),
      .double(decay: 0.020, rise: 0.005, normalization: .unitArea),
    ]
    let surrogates: [Surrogate] =
      options.isGentle
      ? [
        .fastSigmoid(slope: 2), .fastSigmoid(slope: 25), .gaussian(deviation: 0.7),
        .sigmoid(slope: 3), .triangular(dampening: 0.3, width: 1.5),
      ] : [.fastSigmoid(slope: 25), .triangular(dampening: 0.3, width: 1), .superSpike()]
    let steps = pick(options.steps)
    let trials = pick(options.trials)
    let channels = pick(2...5)
    let outputs = pick(options.outputs)
    var summary = "T \(steps)"
    var layers: [any NetworkLayer] = []
    for index in 0..<pick(options.layers) {
      let neurons = pick(options.neurons)
      let recurrentFilter = choose(filters)
      let connectivity: any Connectivity =
        random.bernoulli(0.7)
        ? Modes(
          pick(options.modes), modeInitialization: .normal(deviation: 1),
          scoreInitialization: .normal(deviation: 0.7))
        : Dense(.normal(deviation: 1.5 / Double(neurons).squareRoot()))
      let largestDelay = options.largestDelay
      func delayed(_ base: any Connectivity, _ name: String) -> any Connectivity {
        largestDelay > 0 ? Delays(base, count: largestDelay + 1, seed: seed, name: name) : base
      }
      let only =
        random.bernoulli(0.9)
        ? Connection(
          delayed(connectivity, "recurrent \(index)"), filter: recurrentFilter,
          latency: random.bernoulli(0.3) ? 1 + recurrentFilter.latency + pick(0...3) : nil)
        : nil
      let recurrent =
        options.kinds.upperBound == 1
        ? [only].compactMap { $0 }
        : try (0..<pick(options.kinds)).map { kind in
          try Connection(
            recurrent: neurons, kind: kind, delays: random.bernoulli(0.5) ? largestDelay : 0,
            allowsSparse: options.allowsSparse, &random)
        }
      summary += recurrent.count > 1 ? ", \(recurrent.map { type(of: $0.connectivity) })" : ""
      let input = Connection(
        delayed(Dense(.normal(deviation: 6)), "input \(index)"),
        filter: random.bernoulli(0.3) ? choose(filters) : .none)
      let name = "layer\(index)"
      if options.allowsRates, random.bernoulli(0.15) {
        layers.append(
          Layer(
            name: name, neurons: neurons,
            model: RateUnit(timeStep: 0.002, membraneTimeConstant: 0.010), input: input,
            recurrent: recurrent))
        summary += ", \(neurons) rate units"
      } else if options.adaptive > 0, random.bernoulli(options.adaptive) {
        func values(_ range: ClosedRange<Double>) -> PerNeuron {
          let width = range.upperBound - range.lowerBound
          return random.bernoulli(0.5)
            ? .values((0..<neurons).map { _ in range.lowerBound + width * random.uniform() })
            : .uniform(range.lowerBound + width * random.uniform())
        }
        let convention = choose(
          [AdaptiveLIF.Convention.lsnn, .lsnnPaper, .eprop, .differentiatedEprop])
        // Thresholds of the order of what the drive adds up to.
        let scale = convention.scalesCurrent ? 1.0 : 10
        let quantities = AdaptiveLIF.Quantity.allCases.filter { _ in random.bernoulli(0.5) }
        let model = AdaptiveLIF(
          timeStep: 0.002, membraneTimeConstant: values(0.010...0.030),
          adaptationTimeConstant: values(0.010...0.1), threshold: values(0.5 * scale...1.5 * scale),
          adaptationStrength: values(0...2), refractorySteps: pick(0...5),
          convention: convention,
          surrogate: choose(surrogates), trained: Set(quantities))
        layers.append(
          Layer(name: name, neurons: neurons, model: model, input: input, recurrent: recurrent))
        summary +=
          ", \(neurons) adaptive LIF \(model.convention) refractory"
          + " \(model.refractorySteps) trained \(quantities.map(\.rawValue))"
      } else {
        let model = LIF(
          timeStep: 0.002, membraneTimeConstant: 0.020,
          synapticTimeConstant: random.bernoulli(0.7) ? 0.010 : nil,
          inputGain: random.bernoulli(0.3) ? 0.3 : nil, refractorySteps: pick(0...5),
          reset: choose([.zero, .subtract]),
          differentiatesReset: random.bernoulli(0.6) || options.differentiatesResets,
          surrogate: choose(surrogates))
        layers.append(
          Layer(name: name, neurons: neurons, model: model, input: input, recurrent: recurrent))
        summary += ", \(neurons) LIF reset \(model.reset) refractory \(model.refractorySteps)"
      }
    }
    loss = choose(Loss.allCases)
    let network = try Network(
      timeStep: 0.002, inputs: channels, layers: layers,
      readout: Readout(
        outputs: outputs,
        connection: Connection(Dense(.normal(deviation: 1)), filter: choose(filters)),
        reduction: loss.wantsClasses ? .maximumOverTime : .everyStep))
    self.network = network
    parameters = network.initialParameters(seed: seed).converted()
    let spikes = options.spikeInputs
    inputs = Tensor(
      axes: ["time", "trial", "channel"], shape: [steps, trials, channels],
      values: (0..<steps * trials * channels).map { _ in
        spikes ? (random.bernoulli(options.spikeProbability) ? 1 : 0) : random.normal()
      })
    targets =
      loss.wantsClasses
      ? .classes((0..<trials).map { _ in random.integer(below: outputs) })
      : .values(
        Tensor(
          axes: ["time", "trial", "output"], shape: [steps, trials, outputs],
          values: random.normals(steps * trials * outputs)))
    self.seed = seed
    self.summary = summary + ", \(loss)"
  }

  func referenceGradient(
    smoothed: Bool = false
  ) throws -> (loss: Double, gradients: NamedTensors<Double>, run: ReferenceEngine.Run) {
    let engine = try ReferenceEngine(network, smoothed: smoothed)
    let run = try engine.run(inputs, parameters)
    let (value, adjoint) = try loss.evaluate(run.readout, targets)
    return (value, try engine.gradient(run, readoutAdjoint: adjoint, parameters), run)
  }
}

extension Connection {
  /// One of several kinds of random recurrent synapses.
  init(
    recurrent neurons: Int, kind: Int, delays: Int, allowsSparse: Bool,
    _ random: inout RandomStream
  ) throws {
    let filters: [SpikeFilter] = [
      .none, .leaky(timeConstant: 0.100), .leaky(timeConstant: 0.005),
      .single(decay: 0.030), .double(decay: 0.030, rise: 0.002, normalization: .unitGain),
    ]
    // Of the order of 1 as operators, so that together they do not multiply rounding.
    let scale = 1 / Double(neurons).squareRoot()
    let name = "kind\(kind)"
    let seed = UInt64(random.integer(below: 1000))
    let base: any Connectivity =
      switch random.integer(below: allowsSparse ? 5 : 4) {
      case 0: Dense(.normal(deviation: scale), excludesAutapses: random.bernoulli(0.5))
      case 1:
        Modes(
          2, modeInitialization: .normal(deviation: 1),
          scoreInitialization: .normal(deviation: scale * scale))
      case 2:
        Factored(
          2, encoders: .normal(deviation: 1), decoders: .normal(deviation: scale * scale),
          trainsEncoders: true)
      case 3: Common(-scale, isTrainable: true)
      default: try Sparse(density: 0.3, excludesAutapses: true, seed: seed, name: name)
      }
    let filter = filters[random.integer(below: filters.count)]
    self.init(
      delays > 0 ? Delays(base, count: delays + 1, seed: seed, name: name) : base, filter: filter,
      latency: random.bernoulli(0.3) ? 1 + filter.latency + random.integer(below: 4) : nil,
      name: name)
  }
}

extension AdaptiveLIF.Convention {
  /// That of e-prop with the gradient of the reset, which its rule leaves out.
  static let differentiatedEprop = {
    var convention = eprop
    convention.differentiatesReset = true
    return convention
  }()
}
