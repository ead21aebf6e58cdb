/// Random numbers that are a pure function of (seed, stream, step, trial, index).
///
/// Two streams that differ in any of the four never share a number: seed and stream name choose the
/// key of a Philox generator, step and trial the upper half of its counter, and the lower half counts
/// blocks. A stream is a value; a copy repeats what the original will say. Nothing draws from a
/// shared sequence, so the order in which streams are used never matters.
///
/// The sequence: let `h` be the 64-bit FNV-1a hash of the name's UTF-8 bytes. The key is the first
/// two words of Philox4x32-10 at counter (low h, high h, high trial, high step) under key (low seed,
/// high seed), halves being of 32 bits. Block `b` has counter (low b, high b, low trial, low step) and
/// gives two numbers of 64 bits, words 0 and 1, then words 2 and 3, low half first.
public struct RandomStream: RandomNumberGenerator, Sendable {
  /// The words of eight blocks, and how many of them are used.
  @usableFromInline var words = SIMD16<UInt64>()
  @usableFromInline var used = 16
  /// The first block that is not in `words`.
  @usableFromInline var block: UInt64 = 0
  @usableFromInline let key: SIMD2<UInt32>
  @usableFromInline let trialWord: UInt32
  @usableFromInline let stepWord: UInt32
  private let seed: UInt64
  private let nameHash: UInt64

  /// The stream of that name, from its beginning.
  public init(seed: UInt64, stream: String, step: UInt64 = 0, trial: UInt64 = 0) {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in stream.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    self.init(seed: seed, nameHash: hash, step: step, trial: trial)
  }

  private init(seed: UInt64, nameHash: UInt64, step: UInt64, trial: UInt64) {
    self.seed = seed
    self.nameHash = nameHash
    let first = Philox.block(
      counter: SIMD4(
        UInt32(truncatingIfNeeded: nameHash), UInt32(truncatingIfNeeded: nameHash >> 32),
        UInt32(truncatingIfNeeded: trial >> 32), UInt32(truncatingIfNeeded: step >> 32)),
      key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
    key = SIMD2(first.x, first.y)
    trialWord = UInt32(truncatingIfNeeded: trial)
    stepWord = UInt32(truncatingIfNeeded: step)
  }

  /// The stream of the same seed and name at another step and trial, from its beginning.
  public func at(step: UInt64, trial: UInt64) -> RandomStream {
    RandomStream(seed: seed, nameHash: nameHash, step: step, trial: trial)
  }

  /// The next 64 random bits.
  @inlinable
  public mutating func next() -> UInt64 {
    if used == 16 {
      words = nextWords()
      used = 0
    }
    let index = used
    used += 1
    return withUnsafeBytes(of: &words) { $0.load(fromByteOffset: index &* 8, as: UInt64.self) }
  }

  /// The next sixteen words of the sequence that begin a group of eight blocks, bypassing `words`.
  @inlinable
  mutating func nextWords() -> SIMD16<UInt64> {
    let result = Philox.words(index: block, counter2: trialWord, counter3: stepWord, key: key)
    block &+= 8
    return result
  }
}
