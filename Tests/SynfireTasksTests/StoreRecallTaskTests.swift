import SynfireCore
import SynfireTasks
import Testing

@Suite struct StoreRecallTaskTests {
  /// The rules, one by one.
  func complaints(_ sequence: StoreRecallSequence) -> [String] {
    let commands = sequence.commands
    let stores = commands.indices.filter { commands[$0] == .store }
    let recalls = commands.indices.filter { commands[$0] == .recall }
    var found: [String] = []
    if stores.isEmpty || recalls.isEmpty { return ["a command is missing"] }
    if !commands.contains(nil) { found.append("no value") }
    if stores[0] > recalls[0] { found.append("RECALL before STORE") }
    if stores.last! > recalls.last! { found.append("STORE after the last RECALL") }
    for store in stores where store + 1 == commands.count || commands[store + 1] != nil {
      found.append("no value after STORE")
    }
    for (one, next) in zip(recalls, recalls.dropFirst())
    where !stores.contains(where: { $0 > one && $0 < next }) {
      found.append("no STORE between RECALLs")
    }
    for (one, next) in zip(stores, stores.dropFirst())
    where !recalls.contains(where: { $0 > one && $0 < next }) {
      found.append("no RECALL between STOREs")
    }
    return found
  }

  @Test func everySequenceIsValid() throws {
    let task = try StoreRecallTask()
    let sequences = try task.sequences(.training, index: 3, trials: 2_000, seed: 5)
    #expect(sequences.count == 2_000)
    var lengths: Set<Int> = []
    for sequence in sequences {
      #expect(complaints(sequence).isEmpty)
      #expect(sequence.commands.count == 12)
      lengths.insert(sequence.targets.count { $0 != TrialTargets.none })
      var stored: Int?
      for slot in 0..<12 {
        if sequence.commands[slot] == .store { stored = sequence.values[slot] }
        let isRecall = sequence.commands[slot] == .recall
        #expect(sequence.targets[slot] == (isRecall ? stored : TrialTargets.none))
        #expect((sequence.values[slot] == nil) == isRecall)
      }
    }
    #expect(Set(sequences.map(\.targets)).count > 100 && lengths.isSuperset(of: [1, 2]))
    // 0 and 1 are asked for alike: within 5 sd of half of about 2 600.
    let targets = sequences.flatMap(\.targets).filter { $0 != TrialTargets.none }
    let ones = Double(targets.count { $0 == 1 })
    let count = Double(targets.count)
    #expect(abs(ones - count / 2) < 2.5 * count.squareRoot())
  }

  @Test func theTargetIsNotWhatIsShownAfterStore() throws {
    func sequences(_ flipProbability: Double) throws -> [StoreRecallSequence] {
      try StoreRecallTask(flipProbability: flipProbability)
        .sequences(.training, index: 0, trials: 2_000, seed: 5)
    }
    let (never, half, always) = try (sequences(0), sequences(0.5), sequences(1))
    var (flips, stores) = (0, 0)
    for trial in 0..<2_000 {
      #expect(half[trial].targets == never[trial].targets)
      #expect(always[trial].targets == never[trial].targets)
      #expect(half[trial].commands == never[trial].commands)
      for slot in 0..<12 {
        let value = never[trial].values[slot]
        let follows = slot > 0 && never[trial].commands[slot - 1] == .store
        #expect(always[trial].values[slot] == (follows ? 1 - value! : value))
        if follows {
          #expect(value == never[trial].values[slot - 1])
          stores += 1
          if half[trial].values[slot] != value { flips += 1 }
        } else {
          #expect(half[trial].values[slot] == value)
        }
      }
    }
    // Half of the values after STORE are flipped, within 5 sd.
    #expect(abs(Double(flips) - Double(stores) / 2) < 2.5 * Double(stores).squareRoot())
  }

  /// Of three slots, only STORE, value, RECALL is valid.
  @Test func theShortestSequences() throws {
    let task = try StoreRecallTask(slots: 3, flipProbability: 0)
    for sequence in try task.sequences(.test, index: 0, trials: 50, seed: 1) {
      #expect(sequence.commands == [.store, nil, .recall])
      #expect(sequence.values[0] == sequence.values[1] && sequence.values[2] == nil)
      #expect(sequence.targets == [-1, -1, sequence.values[0]!])
    }
  }

  @Test func populationsThatAreOnFireAtTheirRate() throws {
    let task = try StoreRecallTask()
    #expect(task.inputChannels == 100 && task.outputs == 2 && task.steps == 2_400)
    let batch = try task.batch(.training, index: 0, trials: 64, seed: 5)
    let sequences = try task.sequences(.training, index: 0, trials: 64, seed: 5)
    guard case .spikes(let spikes) = batch.inputs else { throw TasksError("no spikes") }
    #expect(spikes.neurons == 100 && spikes.steps == 2_400)
    var (counts, draws) = ([Int](repeating: 0, count: 100), [Int](repeating: 0, count: 100))
    var whileOff = 0
    for trial in 0..<64 {
      for slot in 0..<12 {
        let on = (0..<4).map { population in
          switch population {
          case 2: sequences[trial].commands[slot] == .store
          case 3: sequences[trial].commands[slot] == .recall
          default: sequences[trial].values[slot] == population
          }
        }
        for neuron in 0..<100 where on[neuron / 25] { draws[neuron] += 200 }
        for step in (slot * 200)..<((slot + 1) * 200) {
          spikes.forEachSpike(step: step, trial: trial) {
            counts[$0] += 1
            if !on[$0 / 25] { whileOff += 1 }
          }
        }
      }
    }
    #expect(whileOff == 0)
    for neuron in 0..<100 {
      let mean = 0.05 * Double(draws[neuron])
      #expect(draws[neuron] > 10_000)
      #expect(abs(Double(counts[neuron]) - mean) < 5 * (mean * 0.95).squareRoot(), "\(neuron)")
    }
    #expect(
      batch.targets == .classes((0..<12).flatMap { slot in sequences.map { $0.targets[slot] } }))
    #expect(batch.conditions["recalls"]?.reduce(0, +) == batch.targets.count)
  }

  @Test(arguments: [(3, 7, 25), (5, 64, 16), (4, 100, 33)])
  func otherSizes(slots: Int, stepsPerSlot: Int, neurons: Int) throws {
    // At a probability of 1 the spikes are the populations themselves.
    let task = try StoreRecallTask(
      slots: slots, stepsPerSlot: stepsPerSlot, neuronsPerPopulation: neurons, spikeProbability: 1)
    let batch = try task.batch(.test, index: 2, trials: 3, seed: 1)
    let sequences = try task.sequences(.test, index: 2, trials: 3, seed: 1)
    guard case .spikes(let spikes) = batch.inputs else { throw TasksError("no spikes") }
    #expect(spikes.neurons == 4 * neurons && spikes.steps == slots * stepsPerSlot)
    for trial in 0..<3 {
      for step in 0..<spikes.steps {
        let command = sequences[trial].commands[step / stepsPerSlot]
        let value = sequences[trial].values[step / stepsPerSlot]
        var on = value.map { [$0] } ?? []
        if let command { on.append(command == .store ? 2 : 3) }
        var seen: [Int] = []
        spikes.forEachSpike(step: step, trial: trial) { seen.append($0) }
        #expect(seen == on.flatMap { ($0 * neurons)..<(($0 + 1) * neurons) })
      }
    }
  }

  @Test func batchesAreAPureFunctionOfTheirArguments() throws {
    let task = try StoreRecallTask(stepsPerSlot: 40)
    let threaded = try StoreRecallTask(stepsPerSlot: 40, workers: WorkerPool(threads: 2))
    let batch = try task.batch(.training, index: 1, trials: 20, seed: 1)
    #expect(try threaded.batch(.training, index: 1, trials: 20, seed: 1) == batch)
    #expect(try task.batch(.training, index: 1, trials: 20, seed: 2).inputs != batch.inputs)
    #expect(try task.batch(.validation, index: 1, trials: 20, seed: 1).inputs != batch.inputs)
    #expect(try task.batch(.training, index: 0, trials: 20, seed: 1).inputs != batch.inputs)
    // A trial depends on its number alone: the 20th to 24th of other batches.
    let small = try task.sequences(.training, index: 4, trials: 5, seed: 1)
    #expect(try small == Array(task.sequences(.training, index: 1, trials: 20, seed: 1)[..<5]))
  }

  @Test func onlyRecallSlotsCount() throws {
    let task = try StoreRecallTask(stepsPerSlot: 10)
    let batch = try task.batch(.test, index: 0, trials: 30, seed: 1)
    guard case .classes(let targets) = batch.targets else { throw TasksError("no classes") }
    var readout = Tensor<Float>(axes: ["window", "trial", "output"], shape: [12, 30, 2])
    for (place, target) in targets.enumerated() {
      readout.values[2 * place + (target == 1 ? 1 : 0)] = 1
    }
    #expect(task.metrics(readout: readout, of: batch) == ["accuracy": 1, "error": 0])
    let recalls = targets.indices.filter { targets[$0] != TrialTargets.none }
    for place in recalls[..<3] { readout.values.swapAt(2 * place, 2 * place + 1) }
    let error = 3 / Double(recalls.count)
    #expect(task.metrics(readout: readout, of: batch)["error"] == error)
  }

  @Test func sizesThatMakeNoSense() throws {
    #expect(throws: TasksError.self) { try StoreRecallTask(slots: 2) }
    #expect(throws: TasksError.self) { try StoreRecallTask(slots: 0) }
    #expect(throws: TasksError.self) { try StoreRecallTask(stepsPerSlot: 0) }
    #expect(throws: TasksError.self) { try StoreRecallTask(neuronsPerPopulation: 0) }
    #expect(throws: TasksError.self) { try StoreRecallTask(spikeProbability: 1.1) }
    #expect(throws: TasksError.self) { try StoreRecallTask(flipProbability: -.ulpOfOne) }
    #expect(throws: TasksError.self) { try StoreRecallTask(flipProbability: .nan) }
    #expect(throws: TasksError.self) { try StoreRecallTask(commandProbability: 0) }
    #expect(throws: TasksError.self) { try StoreRecallTask(commandProbability: 1) }
    #expect(throws: TasksError.self) { try StoreRecallTask(slots: 5_000) }
    // STORE, a value, RECALL.
    let chance = StoreRecallTask.chanceOfValidity(slots: 3, commandProbability: 0.25)
    #expect(abs(chance - 0.25 * 0.75 * 0.25) < 1e-15)
  }
}
