import SynfireCore
import SynfireTasks
import Testing

@Suite struct ThresholdCrossingEncoderTests {
  /// The channels that spike at each step of a trial.
  func channels(_ spikes: SpikeTensor, trial: Int = 0) -> [[Int]] {
    (0..<spikes.steps).map { step in
      var found: [Int] = []
      spikes.forEachSpike(step: step, trial: trial) { found.append($0) }
      return found
    }
  }

  /// The definition, in fractions of whole numbers: pixel >= k / 39 is 39 value >= 255 k.
  func expected(_ image: [UInt8], stepsPerPixel: Int, cueSteps: Int) -> [[Int]] {
    let pixels = image.flatMap { Array(repeating: Int($0), count: stepsPerPixel) }
    let shown = pixels.indices.map { step in
      (0..<80).filter { channel in
        if channel == 79 { return false }
        if channel == 78 { return pixels[step] == 255 }
        guard step + 1 < pixels.count else { return false }
        let reaches = pixels[step] * 39 >= channel / 2 * 255
        let reachesNext = pixels[step + 1] * 39 >= channel / 2 * 255
        return channel % 2 == 0 ? !reaches && reachesNext : reaches && !reachesNext
      }
    }
    return shown + Array(repeating: [79], count: cueSteps)
  }

  @Test func theWorkedExample() throws {
    // Pixels 0, 0.5, 1, 0.2, then 0. No byte is 0.5; 127 and 128 lie in the same step of thresholds.
    for half in [UInt8(127), 128] {
      let encoder = ThresholdCrossingEncoder(pixels: 8, stepsPerPixel: 1, cueSteps: 2)
      let spikes = try encoder.encode(
        images: [0, half, 255, 51, 0, 0, 0, 0], positions: [0])
      let steps = channels(spikes)
      #expect(steps.count == 10)
      #expect(steps[0] == (1...19).map { 2 * $0 })
      #expect(steps[1] == (20...38).map { 2 * $0 })
      #expect(steps[2] == (8...38).map { 2 * $0 + 1 } + [78])
      #expect(steps[3] == (1...7).map { 2 * $0 + 1 })
      for step in 4..<8 { #expect(steps[step].isEmpty) }
      #expect(steps[8] == [79] && steps[9] == [79])
    }
  }

  @Test(arguments: [1, 2, 3]) func everyChangeIsByTheDefinition(stepsPerPixel: Int) throws {
    // All pairs of values would be 65 536 pixels: every value follows a few others.
    var stream = RandomStream(seed: 3, stream: "test")
    let images = (0..<12).map { image in
      (0..<256).map { image == 0 ? UInt8($0) : UInt8(truncatingIfNeeded: stream.next()) }
    }
    let extremes: [UInt8] = (0..<256).map { [0, 255, 85, 84, 170, 254, 255, 255][$0 % 8] }
    let encoder = ThresholdCrossingEncoder(
      pixels: 256, stepsPerPixel: stepsPerPixel, cueSteps: 5)
    let all = images + [extremes]
    let positions = [12, 3, 0, 12] + Array(0..<12)
    for workers in [nil, WorkerPool(threads: 2)] {
      let spikes = try encoder.encode(
        images: all.flatMap { $0 }, positions: positions, workers: workers)
      #expect(spikes.neurons == 80 && spikes.steps == 256 * stepsPerPixel + 5)
      for (trial, position) in positions.enumerated() {
        #expect(
          channels(spikes, trial: trial)
            == expected(all[position], stepsPerPixel: stepsPerPixel, cueSteps: 5))
      }
    }
  }
}
