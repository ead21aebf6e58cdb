import SynfireCore

/// Codes a sequence of grey values as the crossings of thresholds, with a cue that asks for the answer
/// (Bellec et al. 2018, code; 79 channels for the values and one for the cue).
///
/// Pixels are shown one after another, row by row, each for `stepsPerPixel` steps. With the thresholds
/// theta_k = k / 39 and pixel_t = value / 255:
/// - channel 2k, k = 0 ... 38, spikes at step t if pixel_t < theta_k <= pixel_t+1;
/// - channel 2k + 1 spikes at t if pixel_t >= theta_k > pixel_t+1, so that a crossing is reported at
///   the earlier of its two steps and the last step of an image has none; channels 0 and 1 are silent;
/// - channel 78 spikes at every step at which the pixel is 1;
/// - channel 79, the cue, spikes at each of `cueSteps` steps after the image.
public struct ThresholdCrossingEncoder: Sendable {
  public static let channels = 80
  /// The thresholds are k / 39.
  static let levels = 39

  public let pixels: Int
  public let stepsPerPixel: Int
  /// Steps after the image, in which the cue alone spikes.
  public let cueSteps: Int

  /// Steps of an image and its cue.
  public var steps: Int { pixels * stepsPerPixel + cueSteps }

  public init(pixels: Int, stepsPerPixel: Int, cueSteps: Int) {
    self.pixels = pixels
    self.stepsPerPixel = stepsPerPixel
    self.cueSteps = cueSteps
  }

  /// Spikes of a batch of images.
  ///
  /// - Parameters:
  ///   - images: all images, axes [image, pixel].
  ///   - positions: which image each trial shows.
  ///   - workers: threads to share the trials.
  public func encode(
    images: [UInt8], positions: [Int], workers: WorkerPool? = nil
  ) throws -> SpikeTensor {
    precondition(positions.allSatisfy { $0 >= 0 && ($0 + 1) * pixels <= images.count })
    let trials = positions.count
    var spikes = SpikeTensor(steps: steps, trials: trials, neurons: Self.channels)
    let table = CrossingTable()
    try images.withUnsafeBufferPointer { images in
      try spikes.words.withUnsafeMutableBytes { words in
        guard let source = images.baseAddress, let target = words.baseAddress else { return }
        let memory = SharedMemory(source: source, target: target)
        try TrialShards.forEach(of: trials, workers: workers) { range in
          encode(memory, positions, range, of: trials, table)
        }
      }
    }
    return spikes
  }

  /// Writes the rows of some trials, one step after another, as they lie in memory.
  private func encode(
    _ memory: SharedMemory, _ positions: [Int], _ range: Range<Int>, of trials: Int,
    _ table: CrossingTable
  ) {
    let bytes = MemoryLayout<SIMD2<UInt64>>.size
    for pixel in 0..<pixels {
      let isLast = pixel == pixels - 1
      for trial in range {
        let image = memory.source + positions[trial] * pixels
        let value = image[pixel]
        let next = isLast ? value : image[pixel + 1]
        let lit: SIMD2<UInt64> = value == 255 ? CrossingTable.lit : .zero
        let crossings = value == next ? lit : lit | table.crossings(from: value, to: next)
        guard crossings != .zero else { continue }
        let last = ((pixel + 1) * stepsPerPixel - 1) * trials + trial
        memory.target.storeBytes(
          of: crossings, toByteOffset: last * bytes, as: SIMD2<UInt64>.self)
        guard lit != .zero else { continue }
        for earlier in 1..<max(1, stepsPerPixel) {
          memory.target.storeBytes(
            of: lit, toByteOffset: (last - earlier * trials) * bytes, as: SIMD2<UInt64>.self)
        }
      }
    }
    for step in (steps - cueSteps)..<steps {
      for trial in range {
        memory.target.storeBytes(
          of: CrossingTable.cue, toByteOffset: (step * trials + trial) * bytes,
          as: SIMD2<UInt64>.self)
      }
    }
  }

  /// The images, which all shards read, and the rows, of which each writes its own trials.
  private struct SharedMemory: @unchecked Sendable {
    let source: UnsafePointer<UInt8>
    let target: UnsafeMutableRawPointer
  }
}

/// The row of channels for each change from one grey value to another.
private struct CrossingTable: Sendable {
  static let lit = SIMD2<UInt64>(0, 1 << (78 - 64))
  static let cue = SIMD2<UInt64>(0, 1 << (79 - 64))

  /// How many of theta_1 ... theta_39 a value reaches; in whole numbers, as 85 / 255 is theta_13.
  private let level: [Int] = (0...255).map { $0 * ThresholdCrossingEncoder.levels / 255 }
  /// [level before, level after].
  private let rows: [SIMD2<UInt64>]

  init() {
    let count = ThresholdCrossingEncoder.levels + 1
    rows = (0..<count * count).map { index in
      let (before, after) = index.quotientAndRemainder(dividingBy: count)
      var row = SIMD2<UInt64>.zero
      for threshold in (min(before, after) + 1)..<(max(before, after) + 1) where threshold < 39 {
        let channel = 2 * threshold + (before < after ? 0 : 1)
        row[channel >> 6] |= 1 << UInt64(channel & 63)
      }
      return row
    }
  }

  func crossings(from before: UInt8, to after: UInt8) -> SIMD2<UInt64> {
    rows[level[Int(before)] * (ThresholdCrossingEncoder.levels + 1) + level[Int(after)]]
  }
}
