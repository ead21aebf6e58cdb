import SynfireCore
import SynfireTasks
import Testing

@Suite struct BernoulliEncoderTests {
  func stream(_ seed: UInt64 = 1) -> RandomStream { RandomStream(seed: seed, stream: "test") }

  @Test func ratesAreThePixelsProbabilities() throws {
    // All 256 values as one image, many trials of it: rate of pixel p is p / 255 within 4.5 sd.
    let (steps, trials) = (130, 400)
    let encoder = BernoulliEncoder(steps: steps, pixels: 256)
    let spikes = try encoder.encode(
      images: (0..<256).map { UInt8($0) }, positions: Array(repeating: 0, count: trials),
      stream: stream(), firstTrial: 0)
    var counts = [Int](repeating: 0, count: 256)
    for step in 0..<steps {
      for trial in 0..<trials {
        spikes.forEachSpike(step: step, trial: trial) { counts[$0] += 1 }
      }
    }
    let draws = Double(steps * trials)
    #expect(counts[0] == 0)
    #expect(counts[255] == steps * trials)
    var chiSquare = 0.0
    for pixel in 1..<255 {
      let p = Double(pixel) / 255
      let z = (Double(counts[pixel]) - draws * p) / (draws * p * (1 - p)).squareRoot()
      #expect(abs(z) < 4.5, "pixel \(pixel): z = \(z)")
      chiSquare += z * z
    }
    // 254 degrees of freedom: mean 254, sd 22.5.
    #expect(chiSquare > 164 && chiSquare < 344)
  }

  @Test func stepsAndPixelsAreIndependent() throws {
    // Correlation between neighbours in time, and between pixels, of fair coins: 0 within 4.5 sd.
    let (steps, trials, pixels) = (50, 300, 100)
    let encoder = BernoulliEncoder(steps: steps, pixels: pixels)
    let spikes = try encoder.encode(
      images: Array(repeating: 128, count: pixels), positions: Array(repeating: 0, count: trials),
      stream: stream(3), firstTrial: 0)
    let p = 128.0 / 255
    var inTime = 0.0
    var inSpace = 0.0
    for trial in 0..<trials {
      for step in 1..<steps {
        for pixel in 1..<pixels {
          let here = (spikes[step, trial, pixel] ? 1.0 : 0) - p
          inTime += here * ((spikes[step - 1, trial, pixel] ? 1.0 : 0) - p)
          inSpace += here * ((spikes[step, trial, pixel - 1] ? 1.0 : 0) - p)
        }
      }
    }
    let sd = p * (1 - p) * Double(trials * (steps - 1) * (pixels - 1)).squareRoot()
    #expect(abs(inTime) < 4.5 * sd)
    #expect(abs(inSpace) < 4.5 * sd)
  }

  @Test func eachPixelIsItsOwnNeuron() throws {
    // Only 0 and 255: the spikes must show the image itself, at every step, padding bits clear.
    for pixels in [1, 63, 64, 65, 100, 784] {
      let image = (0..<pixels).map { UInt8($0 % 3 == 0 || $0 % 7 == 2 ? 255 : 0) }
      let encoder = BernoulliEncoder(steps: 70, pixels: pixels)
      let spikes = try encoder.encode(
        images: Array(repeating: 0, count: pixels) + image, positions: [1, 0, 1], stream: stream(),
        firstTrial: 0)
      for step in 0..<70 {
        for (trial, shown) in [(0, true), (1, false), (2, true)] {
          var seen: [Int] = []
          spikes.forEachSpike(step: step, trial: trial) { seen.append($0) }
          #expect(seen == (shown ? image.indices.filter { image[$0] == 255 } : []))
        }
      }
    }
  }

  @Test func aTrialsSpikesDependOnItsNumberAlone() throws {
    let images = (0..<2_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }
    let encoder = BernoulliEncoder(steps: 50, pixels: 200)
    let all = try encoder.encode(
      images: images, positions: [3, 1, 4, 1], stream: stream(), firstTrial: 10)
    let later = try encoder.encode(
      images: images, positions: [4, 1], stream: stream(), firstTrial: 12)
    for step in 0..<50 {
      for trial in 0..<2 {
        for word in 0..<all.wordsPerRow {
          #expect(
            all.words[all.row(step, trial + 2) + word] == later.words[later.row(step, trial) + word]
          )
        }
      }
    }
    #expect(all.words[all.row(0, 1)..<all.row(0, 2)] != all.words[all.row(0, 3)..<all.row(1, 0)])
  }

  @Test func threadsDoNotChangeTheSpikes() throws {
    let images = (0..<7_840).map { UInt8(truncatingIfNeeded: $0 &* 29) }
    let encoder = BernoulliEncoder(steps: 50, pixels: 784)
    let positions = (0..<37).map { $0 % 10 }
    func spikes(_ workers: WorkerPool?) throws -> SpikeTensor {
      try encoder.encode(
        images: images, positions: positions, stream: stream(), firstTrial: 5, workers: workers)
    }
    let alone = try spikes(nil)
    for threads in 1...3 { #expect(try spikes(WorkerPool(threads: threads)) == alone) }
  }
}
