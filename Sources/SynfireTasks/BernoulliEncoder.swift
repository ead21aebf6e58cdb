import SynfireCore

/// Codes images as spikes: at every step each pixel spikes with probability value / 255, independently
/// of all else.
///
/// A pixel draws 64 steps at once; a transposition of 64 x 64 bits then turns the words of 64 pixels
/// into rows of neurons. Pixels of value 0 cost nothing.
public struct BernoulliEncoder: Sendable {
  public let steps: Int
  /// Pixels of an image, one input neuron each.
  public let pixels: Int

  public init(steps: Int, pixels: Int) {
    self.steps = steps
    self.pixels = pixels
  }

  /// Spikes of a batch of images.
  ///
  /// - Parameters:
  ///   - images: all images, axes [image, pixel].
  ///   - positions: which image each trial shows.
  ///   - stream: the random numbers of each trial are this stream's at that trial number.
  ///   - firstTrial: the number of the first trial.
  ///   - workers: threads to share the trials; the spikes do not depend on them.
  public func encode(
    images: [UInt8], positions: [Int], stream: RandomStream, firstTrial: UInt64,
    workers: WorkerPool? = nil
  ) throws -> SpikeTensor {
    precondition(positions.allSatisfy { $0 >= 0 && ($0 + 1) * pixels <= images.count })
    let trials = positions.count
    var spikes = SpikeTensor(steps: steps, trials: trials, neurons: pixels)
    try images.withUnsafeBufferPointer { images in
      try spikes.words.withUnsafeMutableBufferPointer { words in
        guard let source = images.baseAddress, let target = words.baseAddress else { return }
        let memory = SharedMemory(source: source, target: target)
        try TrialShards.forEach(of: trials, workers: workers) { range in
          var block = TransposedBlock(pixels: pixels, steps: steps)
          for trial in range {
            var draws = stream.at(step: 0, trial: firstTrial + UInt64(trial))
            block.encode(
              memory.source + positions[trial] * pixels, &draws, trial: trial, of: trials,
              into: memory.target)
          }
        }
      }
    }
    return spikes
  }

  /// The images, which all shards read, and the spikes, of which each writes its own trials.
  private struct SharedMemory: @unchecked Sendable {
    let source: UnsafePointer<UInt8>
    let target: UnsafeMutablePointer<UInt64>
  }
}

/// The spikes of one trial during up to 64 steps, on their way from a word a pixel to rows of neurons.
private struct TransposedBlock {
  let pixels: Int
  let steps: Int
  let wordsPerRow: Int
  /// [step of the block, word].
  let rows: AlignedBuffer<UInt64>
  let square = AlignedBuffer<UInt64>(count: 64)
  /// Random words drawn ahead, in a ring; how many have been drawn and used in this trial.
  let random = AlignedBuffer<UInt64>(count: 512)
  var drawn = 0
  var used = 0
  /// The binary digits of value / 255.
  let digits = AlignedBuffer<UInt64>(count: 256)

  init(pixels: Int, steps: Int) {
    self.pixels = pixels
    self.steps = steps
    wordsPerRow = (pixels + 63) >> 6
    rows = AlignedBuffer(count: 64 * wordsPerRow)
    for value in 0..<255 { digits.pointer[value] = UInt64(Double(value) / 255 * 0x1p64) }
  }

  mutating func encode(
    _ image: UnsafePointer<UInt8>, _ draws: inout RandomStream, trial: Int, of trials: Int,
    into words: UnsafeMutablePointer<UInt64>
  ) {
    (drawn, used) = (0, 0)
    for start in stride(from: 0, to: steps, by: 64) {
      for word in 0..<wordsPerRow {
        let occupied = drawWords(image, word: word, &draws)
        if occupied { transpose64(square.pointer) }
        for step in 0..<64 {
          rows.pointer[step * wordsPerRow + word] = occupied ? square.pointer[step] : 0
        }
      }
      for step in 0..<min(64, steps - start) {
        let row = words + ((start + step) * trials + trial) * wordsPerRow
        row.update(from: rows.pointer + step * wordsPerRow, count: wordsPerRow)
      }
    }
  }

  /// Draws the words of 64 pixels into `square` and says whether any pixel was not 0.
  private mutating func drawWords(
    _ image: UnsafePointer<UInt8>, word: Int, _ draws: inout RandomStream
  ) -> Bool {
    let first = word * 64
    let count = min(64, pixels - first)
    var occupied = false
    for pixel in 0..<count where image[first + pixel] != 0 {
      if !occupied { square.clear() }
      occupied = true
      let value = image[first + pixel]
      square.pointer[pixel] = value == 255 ? ~0 : bits(digits.pointer[Int(value)], &draws)
    }
    return occupied
  }

  /// 64 draws of one probability, which use 64 random words at the most.
  private mutating func bits(_ digits: UInt64, _ draws: inout RandomStream) -> UInt64 {
    if drawn &- used < 64 {
      draws.fillWords(random.pointer + drawn & 511, groups: 16)
      drawn &+= 256
    }
    let words = random.pointer
    var position = used
    let result = RandomStream.bernoulliBits(digits: digits) {
      position &+= 1
      return words[(position &- 1) & 511]
    }
    used = position
    return result
  }
}
