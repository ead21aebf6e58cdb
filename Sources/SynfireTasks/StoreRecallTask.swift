import SynfireCore

/// Storing and recalling of values (Bellec et al. 2018): a stream of values 0 and 1 is shown; a STORE
/// says that the value shown with it is to be kept, and a RECALL asks for it.
///
/// A trial is a sequence of slots of equal length, drawn as `StoreRecallSequence` says. Four
/// populations of input neurons stand for value 0, value 1, STORE and RECALL, in this order; those that
/// are on spike with `spikeProbability` at each step (`PopulationEncoder`). A slot is a window: the
/// target is the value, as a class, in the windows of RECALL, and none in the others.
///
/// Everything about a trial is a function of (seed, split, number of the trial). Conditions of a trial:
/// `recalls`, the number of its RECALL slots.
public struct StoreRecallTask: TrialTask {
  public let name: String
  public let slots: Int
  public let stepsPerSlot: Int
  /// The probability that a slot is a command where one may be.
  public let commandProbability: Double
  /// The probability that the value shown after a STORE is the wrong one.
  public let flipProbability: Double
  public let neuronsPerPopulation: Int
  /// The probability of a spike in one step of an input neuron that is on.
  public let spikeProbability: Double
  private let workers: WorkerPool?

  /// Value 0, value 1, STORE and RECALL.
  public static let populations = 4
  /// One attempt in so many must be valid for sequences to be drawn.
  private static let rarest = 1e-4

  public var inputChannels: Int { Self.populations * neuronsPerPopulation }
  public var outputs: Int { 2 }
  public var steps: Int { slots * stepsPerSlot }

  /// Creates the task; the defaults are those of Bellec et al. (2018, code) at a time step of 1 ms: slots
  /// of 200 ms, a delay of 1.2 s between commands on average, inputs of 50 Hz.
  ///
  /// - Throws: `TasksError` if a size is less than 1, a probability is outside 0 ... 1, or hardly any
  ///   sequence that would be drawn is valid.
  public init(
    slots: Int = 12, stepsPerSlot: Int = 200, commandProbability: Double = 1.0 / 7,
    flipProbability: Double = 0.5, neuronsPerPopulation: Int = 25, spikeProbability: Double = 0.05,
    workers: WorkerPool? = nil, name: String = "store-recall"
  ) throws {
    for (size, label) in [
      (slots, "slots"), (stepsPerSlot, "steps per slot"),
      (neuronsPerPopulation, "neurons per population"),
    ] where size < 1 {
      throw TasksError(
        "\(size) \(label) were asked for", place: name, remedy: "Ask for at least one.")
    }
    for (probability, label) in [
      (commandProbability, "command"), (flipProbability, "flip"), (spikeProbability, "spike"),
    ] where !(probability >= 0 && probability <= 1) {
      throw TasksError(
        "the \(label) probability is \(probability)", place: name,
        remedy: "Give a number from 0 to 1.")
    }
    guard Self.canDraw(slots: slots, commandProbability: commandProbability) else {
      throw TasksError(
        "with \(slots) slots and a command probability of \(commandProbability), hardly any sequence "
          + "has each STORE followed by a value and answered by a RECALL", place: name,
        remedy: "Change the number of slots, of which a sequence needs three, or the probability.")
    }
    self.name = name
    self.slots = slots
    self.stepsPerSlot = stepsPerSlot
    self.commandProbability = commandProbability
    self.flipProbability = flipProbability
    self.neuronsPerPopulation = neuronsPerPopulation
    self.spikeProbability = spikeProbability
    self.workers = workers
  }

  /// The probability that a sequence drawn from its beginning is valid; those that are not are drawn
  /// again, which takes long where this is small.
  public static func chanceOfValidity(slots: Int, commandProbability: Double) -> Double {
    StoreRecallSequence.chanceOfValidity(slots: slots, commandProbability: commandProbability)
  }

  /// Whether valid sequences are so frequent that they can be drawn by rejection.
  public static func canDraw(slots: Int, commandProbability: Double) -> Bool {
    chanceOfValidity(slots: slots, commandProbability: commandProbability) >= rarest
  }

  public func size(of split: Split) -> Int? { nil }

  /// The sequences of a batch.
  public func sequences(
    _ split: Split, index: Int, trials: Int, seed: UInt64
  ) throws -> [StoreRecallSequence] {
    try checkBatch(name: name, index: index, trials: trials)
    let stream = RandomStream(seed: seed, stream: "\(name).\(split.rawValue).sequences")
    return (0..<trials).map { trial in
      var draws = stream.at(step: 0, trial: UInt64(index * trials + trial))
      return StoreRecallSequence(
        slots: slots, commandProbability: commandProbability, flipProbability: flipProbability,
        from: &draws)
    }
  }

  public func batch(_ split: Split, index: Int, trials: Int, seed: UInt64) throws -> TrialBatch {
    let sequences = try sequences(split, index: index, trials: trials, seed: seed)
    let encoder = PopulationEncoder(
      slots: slots, stepsPerSlot: stepsPerSlot, populations: Self.populations,
      neuronsPerPopulation: neuronsPerPopulation, spikeProbability: spikeProbability)
    let spikes = try encoder.encode(
      active: sequences.flatMap(\.populations),
      stream: RandomStream(seed: seed, stream: "\(name).\(split.rawValue).spikes"),
      firstTrial: UInt64(index * trials), workers: workers)
    return TrialBatch(
      inputs: .spikes(spikes),
      targets: .classes((0..<slots).flatMap { slot in sequences.map { $0.targets[slot] } }),
      conditions: ["recalls": sequences.map { $0.commands.count { $0 == .recall } }])
  }

  /// `error`, the fraction of RECALL slots of the batch in which the largest output is not that of the
  /// stored value, and `accuracy`, the rest.
  ///
  /// - Parameter readout: axes [window, trial, output], one window a slot.
  public func metrics(readout: Tensor<Float>, of batch: TrialBatch) -> [String: Double] {
    guard case .classes(let targets) = batch.targets, readout.count == targets.count * outputs
    else { return [:] }
    let answers = winners(readout.values, outputs: outputs)
    let asked = targets.indices.filter { targets[$0] != TrialTargets.none }
    return classMetrics(answers: asked.map { answers[$0] }, classes: asked.map { targets[$0] })
  }
}

extension StoreRecallSequence {
  /// The populations that are on in each slot, a bit each: value 0, value 1, STORE, RECALL.
  fileprivate var populations: [UInt64] {
    zip(commands, values).map { command, value in
      var bits: UInt64 = value.map { 1 << UInt64($0) } ?? 0
      switch command {
      case .store: bits |= 1 << 2
      case .recall: bits |= 1 << 3
      case nil: break
      }
      return bits
    }
  }
}
