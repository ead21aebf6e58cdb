import SynfireCore

/// Codes symbols as spikes of populations: during a slot the neurons of the populations that are on
/// spike at each step with one probability, independently of all else, and the others are silent.
///
/// A neuron draws 64 steps at once; a transposition of 64 x 64 bits then turns the words of 64 neurons
/// into rows of neurons.
public struct PopulationEncoder: Sendable {
  public let slots: Int
  public let stepsPerSlot: Int
  /// At most 64.
  public let populations: Int
  /// Neurons of each population; those of a population have successive numbers.
  public let neuronsPerPopulation: Int
  /// The probability of a spike in one step of a neuron that is on.
  public let spikeProbability: Double

  public var steps: Int { slots * stepsPerSlot }
  public var neurons: Int { populations * neuronsPerPopulation }

  public init(
    slots: Int, stepsPerSlot: Int, populations: Int, neuronsPerPopulation: Int,
    spikeProbability: Double
  ) {
    precondition(populations <= 64)
    self.slots = slots
    self.stepsPerSlot = stepsPerSlot
    self.populations = populations
    self.neuronsPerPopulation = neuronsPerPopulation
    self.spikeProbability = spikeProbability
  }

  /// Spikes of a batch of trials.
  ///
  /// - Parameters:
  ///   - active: axes [trial, slot]; bit `p` says whether population `p` is on.
  ///   - stream: the random numbers of each trial are this stream's at that trial number.
  ///   - firstTrial: the number of the first trial.
  ///   - workers: threads to share the trials; the spikes do not depend on them.
  public func encode(
    active: [UInt64], stream: RandomStream, firstTrial: UInt64, workers: WorkerPool? = nil
  ) throws -> SpikeTensor {
    let trials = active.count / slots
    precondition(active.count == trials * slots)
    var spikes = SpikeTensor(steps: steps, trials: trials, neurons: neurons)
    try spikes.words.withUnsafeMutableBufferPointer { words in
      guard let target = words.baseAddress else { return }
      let memory = SharedRows(words: target)
      try TrialShards.forEach(of: trials, workers: workers) { range in
        let square = AlignedBuffer<UInt64>(count: 64)
        for trial in range {
          var draws = stream.at(step: 0, trial: firstTrial + UInt64(trial))
          let shown = active[(trial * slots)..<((trial + 1) * slots)]
          encode(shown, &draws, square, into: memory.words, trial: trial, of: trials)
        }
      }
    }
    return spikes
  }

  /// The spikes, of which each shard writes its own trials.
  private struct SharedRows: @unchecked Sendable {
    let words: UnsafeMutablePointer<UInt64>
  }

  private func encode(
    _ shown: ArraySlice<UInt64>, _ draws: inout RandomStream, _ square: AlignedBuffer<UInt64>,
    into words: UnsafeMutablePointer<UInt64>, trial: Int, of trials: Int
  ) {
    let wordsPerRow = (neurons + 63) >> 6
    for start in stride(from: 0, to: steps, by: 64) {
      let length = min(64, steps - start)
      let masks = (0..<populations).map { mask(of: $0, shown, start: start, length: length) }
      for word in 0..<wordsPerRow {
        let range = (word * 64)..<min(word * 64 + 64, neurons)
        square.clear()
        for neuron in range {
          let mask = masks[neuron / neuronsPerPopulation]
          guard mask != 0 else { continue }
          square.pointer[neuron & 63] =
            draws.bernoulliBits(probability: spikeProbability) & mask
        }
        transpose64(square.pointer)
        for step in 0..<length {
          words[((start + step) * trials + trial) * wordsPerRow + word] = square.pointer[step]
        }
      }
    }
  }

  /// The steps of a block at which a population is on, one bit each.
  private func mask(
    of population: Int, _ shown: ArraySlice<UInt64>, start: Int, length: Int
  ) -> UInt64 {
    var mask: UInt64 = 0
    for step in 0..<length {
      let slot = shown.startIndex + (start + step) / stepsPerSlot
      mask |= (shown[slot] >> UInt64(population) & 1) << UInt64(step)
    }
    return mask
  }
}
