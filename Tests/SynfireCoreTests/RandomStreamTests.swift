import Foundation
import SynfireCore
import Testing

/// Every band is 5 standard errors wide on each side: the draws are fixed by their seed, so a test
/// that passes once passes always.
@Suite struct RandomStreamTests {
  @Test func sequenceIsTheDocumentedFunctionOfItsCoordinates() {
    let seed: UInt64 = 0x0123_4567_89ab_cdef
    let (step, trial): (UInt64, UInt64) = (0x5_0000_0007, 0x9_0000_0003)
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in "spikes".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let derived = Philox.block(
      counter: SIMD4(UInt32(truncatingIfNeeded: hash), UInt32(hash >> 32), 9, 5),
      key: SIMD2(0x89ab_cdef, 0x0123_4567))
    var stream = RandomStream(seed: seed, stream: "spikes", step: step, trial: trial)
    for block in 0..<40 {
      let words = Philox.block(
        counter: SIMD4(UInt32(block), 0, 3, 7), key: SIMD2(derived.x, derived.y))
      #expect(stream.next() == UInt64(words.x) | UInt64(words.y) << 32)
      #expect(stream.next() == UInt64(words.z) | UInt64(words.w) << 32)
    }
  }

  @Test func streamsDoNotDependOnTheOrderOfTheirUse() {
    func stream(_ index: Int) -> RandomStream {
      RandomStream(seed: 1, stream: "order", step: UInt64(index / 10), trial: UInt64(index % 10))
    }
    let forward = (0..<100).map { index -> [UInt64] in
      var random = stream(index)
      return (0..<20).map { _ in random.next() }
    }
    var interleaved = (0..<100).reversed().map { ($0, stream($0)) }
    var collected = [[UInt64]](repeating: [], count: 100)
    for _ in 0..<20 {
      for position in interleaved.indices {
        collected[interleaved[position].0].append(interleaved[position].1.next())
      }
    }
    #expect(collected == forward)
    #expect(Set(forward.flatMap { $0 }).count == 2000)
    var positioned = stream(0).at(step: 3, trial: 4)
    #expect(positioned.next() == forward[34][0])
  }

  @Test func everyCoordinateChangesTheStream() {
    var values: [UInt64] = []
    for (seed, name, step, trial) in [
      (UInt64(1), "a", UInt64(0), UInt64(0)), (2, "a", 0, 0), (1, "b", 0, 0), (1, "a", 1, 0),
      (1, "a", 0, 1), (1 << 32, "a", 0, 0), (1, "a", 1 << 32, 0), (1, "a", 0, 1 << 32),
      (1, "", 0, 0),
    ] {
      var stream = RandomStream(seed: seed, stream: name, step: step, trial: trial)
      values.append(stream.next())
    }
    #expect(Set(values).count == values.count)
  }

  @Test func neighbouringStreamsAreUncorrelated() {
    let count = 20_000
    let streams = [(0, 0), (0, 1), (1, 0), (1, 1)].map { step, trial in
      var stream = RandomStream(
        seed: 3, stream: "correlation", step: UInt64(step), trial: UInt64(trial))
      return (0..<count).map { _ in stream.uniform() - 0.5 }
    }
    for (first, a) in streams.enumerated() {
      for b in streams[(first + 1)...] {
        let correlation = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } * 12 / Double(count)
        #expect(abs(correlation) < 5 / Double(count).squareRoot())
      }
      let lagged = zip(a, a.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } * 12 / Double(count)
      #expect(abs(lagged) < 5 / Double(count).squareRoot())
    }
  }

  @Test func everyBitIsFair() {
    var stream = RandomStream(seed: 9, stream: "bits")
    var ones = [Int](repeating: 0, count: 64)
    let count = 40_000
    for _ in 0..<count {
      let word = stream.next()
      for bit in 0..<64 { ones[bit] += Int(word >> UInt64(bit) & 1) }
    }
    let error = (Double(count) / 4).squareRoot()
    for bit in 0..<64 { #expect(abs(Double(ones[bit] - count / 2)) < 5 * error) }
  }
}
