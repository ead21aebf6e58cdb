import SynfireCore
import Testing

@Suite struct SpikeTensorTests {
  /// Spikes of which about one in five is set, and the same as numbers.
  private func random(_ steps: Int, _ trials: Int, _ neurons: Int) -> (SpikeTensor, [Double]) {
    var stream = RandomStream(seed: 4, stream: "spikes")
    var spikes = SpikeTensor(steps: steps, trials: trials, neurons: neurons)
    var numbers: [Double] = []
    for step in 0..<steps {
      for trial in 0..<trials {
        for neuron in 0..<neurons {
          let spike = stream.bernoulli(0.2)
          spikes[step, trial, neuron] = spike
          numbers.append(spike ? 1 : 0)
        }
      }
    }
    return (spikes, numbers)
  }

  @Test(arguments: [1, 63, 64, 65, 130])
  func bitsAreWhatWasSet(neurons: Int) {
    let (spikes, numbers) = random(4, 3, neurons)
    #expect(spikes.wordsPerRow == (neurons + 63) / 64)
    #expect(spikes.count == numbers.filter { $0 == 1 }.count)
    var index = 0
    for step in 0..<4 {
      for trial in 0..<3 {
        var found: [Int] = []
        spikes.forEachSpike(step: step, trial: trial) { found.append($0) }
        #expect(found == (0..<neurons).filter { numbers[index + $0] == 1 })
        #expect(found == (0..<neurons).filter { spikes[step, trial, $0] })
        index += neurons
      }
    }
  }

  @Test(arguments: [1, 63, 64, 65, 130])
  func denseMakesTheRoundTrip(neurons: Int) {
    let (spikes, numbers) = random(4, 3, neurons)
    let dense: Tensor<Double> = spikes.dense()
    #expect(dense.axes == ["time", "trial", "neuron"] && dense.shape == [4, 3, neurons])
    #expect(dense.values == numbers)
    #expect(SpikeTensor(dense: dense) == spikes)
    #expect(SpikeTensor(dense: spikes.dense(Float.self)) == spikes)
  }

  @Test func onlyZeroAndOneAreSpikes() {
    let axes = ["time", "trial", "neuron"]
    for value in [0.5, -1, 2, .nan, .infinity] {
      #expect(SpikeTensor(dense: Tensor(axes: axes, shape: [1, 1, 2], values: [1, value])) == nil)
    }
    #expect(SpikeTensor(dense: Tensor<Float>(axes: ["time"], shape: [1], values: [1])) == nil)
  }

  @Test func spikesCanBeTakenBack() {
    var spikes = SpikeTensor(steps: 1, trials: 2, neurons: 70)
    spikes[0, 1, 69] = true
    #expect(spikes.count == 1 && spikes[0, 1, 69] && !spikes[0, 0, 69])
    spikes[0, 1, 69] = false
    #expect(spikes == SpikeTensor(steps: 1, trials: 2, neurons: 70))
  }

  @Test func transpositionSwapsRowsAndColumns() {
    var stream = RandomStream(seed: 5, stream: "transposition")
    for _ in 0..<20 {
      let original = (0..<64).map { _ in stream.next() }
      var words = original
      transpose64(&words)
      for row in 0..<64 {
        var column: UInt64 = 0
        for bit in 0..<64 { column |= (original[bit] >> UInt64(row) & 1) << UInt64(bit) }
        #expect(words[row] == column)
      }
      transpose64(&words)
      #expect(words == original)
    }
  }

  @Test func someStepsAreAllTheirSpikes() {
    var spikes = SpikeTensor(steps: 5, trials: 2, neurons: 70)
    for (step, trial, neuron) in [(0, 0, 1), (2, 1, 69), (3, 0, 5), (4, 1, 0)] {
      spikes[step, trial, neuron] = true
    }
    let part = spikes.steps(2..<4)
    #expect(part.steps == 2 && part.trials == 2 && part.neurons == 70 && part.count == 2)
    #expect(part[0, 1, 69] && part[1, 0, 5])
    #expect(spikes.steps(0..<5) == spikes && spikes.steps(3..<3).count == 0)
  }
}
