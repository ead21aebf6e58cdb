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
    let shards = min(trials, workers == nil ? 1 : 16)
    try images.withUnsafeBufferPointer { images in
      try spikes.words.withUnsafeMutableBufferPointer { words in
        guard let source = images.baseAddress, let target = words.baseAddress else { return }
        let memory = SharedMemory(source: source, target: target)
        let encodeShard: @Sendable (Int) -> Void = { shard in
          var block = TransposedBlock(pixels: pixels, steps: steps)
          for trial in (shard * trials / shards)..<((shard + 1) * trials / shards) {
            var draws = stream.at(step: 0, trial: firstTrial + UInt64(trial))
            block.encode(
              memory.source + positions[trial] * pixels, &draws, trial: trial, of: trials,
              into: memory.target)
          }
        }
        if let workers {
          try workers.run(shards: shards, encodeShard)
        } else {
          encodeShard(0)
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
  /// value / 255.
  let probabilities: [Double] = (0..<256).map { Double($0) / 255 }

  init(pixels: Int, steps: Int) {
    self.pixels = pixels
    self.steps = steps
    wordsPerRow = (pixels + 63) >> 6
    rows = AlignedBuffer(count: 64 * wordsPerRow)
  }

  mutating func encode(
    _ image: UnsafePointer<UInt8>, _ draws: inout RandomStream, trial: Int, of trials: Int,
    into words: UnsafeMutablePointer<UInt64>
  ) {
    for start in stride(from: 0, to: steps, by: 64) {
      for word in 0..<wordsPerRow {
        let occupied = drawWords(image, word: word, &draws)
        if occupied { transpose64x64(square.pointer) }
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
  private func drawWords(
    _ image: UnsafePointer<UInt8>, word: Int, _ draws: inout RandomStream
  ) -> Bool {
    let first = word * 64
    let count = min(64, pixels - first)
    var occupied = false
    for pixel in 0..<count where image[first + pixel] != 0 {
      if !occupied { square.clear() }
      occupied = true
      let probability = probabilities[Int(image[first + pixel])]
      square.pointer[pixel] = draws.bernoulliBits(probability: probability)
    }
    return occupied
  }
}

/// Transposes a square of 64 x 64 bits in place: bit `c` of word `r` becomes bit `r` of word `c`
/// (recursive exchange of off-diagonal blocks; Warren, Hacker's Delight, section 7-3).
func transpose64x64(_ square: UnsafeMutablePointer<UInt64>) {
  let raw = UnsafeMutableRawPointer(square)
  var distance = 32
  var mask: UInt64 = 0x0000_0000_ffff_ffff
  // Blocks of 32, 16 and 8 rows are whole vectors of eight words.
  while distance >= 8 {
    let shift = SIMD8<UInt64>(repeating: UInt64(distance))
    let low = SIMD8<UInt64>(repeating: mask)
    for base in stride(from: 0, to: 64, by: 2 * distance) {
      for row in stride(from: base, to: base + distance, by: 8) {
        let (near, far) = (row * 8, (row + distance) * 8)
        let a = raw.load(fromByteOffset: near, as: SIMD8<UInt64>.self)
        let b = raw.load(fromByteOffset: far, as: SIMD8<UInt64>.self)
        let exchange = (a &>> shift ^ b) & low
        raw.storeBytes(of: a ^ exchange &<< shift, toByteOffset: near, as: SIMD8<UInt64>.self)
        raw.storeBytes(of: b ^ exchange, toByteOffset: far, as: SIMD8<UInt64>.self)
      }
    }
    distance >>= 1
    mask ^= mask &<< UInt64(distance)
  }
  // Blocks of 4, 2 and 1 rows lie within a vector: each word meets its partner in another lane.
  for row in stride(from: 0, to: 64, by: 8) {
    var v = raw.load(fromByteOffset: row * 8, as: SIMD8<UInt64>.self)
    v = exchanged(
      v, with: SIMD8(lowHalf: v.highHalf, highHalf: v.lowHalf), mask: 0x0f0f_0f0f_0f0f_0f0f,
      shift: 4, high: SIMD8(0, 0, 0, 0, 1, 1, 1, 1))
    v = exchanged(
      v, with: SIMD8(v[2], v[3], v[0], v[1], v[6], v[7], v[4], v[5]), mask: 0x3333_3333_3333_3333,
      shift: 2, high: SIMD8(0, 0, 1, 1, 0, 0, 1, 1))
    v = exchanged(
      v, with: SIMD8(v[1], v[0], v[3], v[2], v[5], v[4], v[7], v[6]), mask: 0x5555_5555_5555_5555,
      shift: 1, high: SIMD8(0, 1, 0, 1, 0, 1, 0, 1))
    raw.storeBytes(of: v, toByteOffset: row * 8, as: SIMD8<UInt64>.self)
  }
}

/// Lanes that are low keep the bits of `mask` and take the partner's, shifted up; lanes that are high
/// keep the others and take the partner's, shifted down.
@inline(__always)
private func exchanged(
  _ v: SIMD8<UInt64>, with partner: SIMD8<UInt64>, mask: UInt64, shift: UInt64, high: SIMD8<UInt64>
) -> SIMD8<UInt64> {
  let kept = SIMD8<UInt64>(repeating: mask) ^ (0 &- high)
  let up = (1 &- high) &* shift
  let down = high &* shift
  return v & kept | ((partner &<< up) &>> down) & ~kept
}
