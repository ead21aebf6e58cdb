import CIntrinsics
import Foundation
import Synchronization
import SynfireCore
import Testing

@Suite struct WorkerPoolTests {
  private struct Failure: Error, Equatable { let shard: Int }

  @Test(arguments: [1, 2, 3, 8])
  func everyShardRunsOnce(threads: Int) throws {
    let pool = WorkerPool(threads: threads)
    #expect(pool.threads == threads)
    for shards in [0, 1, 2, 3, 7, 64, 1000] {
      let counts = AlignedBuffer<Int32>(count: max(1, shards))
      try pool.run(shards: shards) { counts.pointer[$0] += 1 }
      #expect((0..<shards).allSatisfy { counts.pointer[$0] == 1 })
    }
  }

  @Test func anyNumberOfThreadsIsAccepted() throws {
    for threads in [-3, 0] {
      let pool = WorkerPool(threads: threads)
      #expect(pool.threads == 1)
      let total = Atomic<Int>(0)
      try pool.run(shards: 10) { total.add($0, ordering: .relaxed) }
      #expect(total.load(ordering: .relaxed) == 45)
    }
  }

  @Test func sumsInShardOrderAreTheSameBitsForAnyNumberOfThreads() throws {
    func total(threads: Int) throws -> Float {
      let partial = AlignedBuffer<Float>(count: 37)
      try WorkerPool(threads: threads).run(shards: 37) { shard in
        var stream = RandomStream(seed: 1, stream: "shard", trial: UInt64(shard))
        partial.pointer[shard] = stream.normals(1000).reduce(0, +)
      }
      return (0..<37).reduce(0) { $0 + partial.pointer[$1] }
    }
    let expected = try total(threads: 1)
    for threads in 2...5 { #expect(try total(threads: threads).bitPattern == expected.bitPattern) }
  }

  @Test func manyShortJobs() throws {
    let pool = WorkerPool(threads: 3)
    let total = Atomic<Int>(0)
    for _ in 0..<20_000 { try pool.run(shards: 4) { _ in total.add(1, ordering: .relaxed) } }
    #expect(total.load(ordering: .relaxed) == 80_000)
    // Long enough for the threads to fall asleep between jobs.
    for _ in 0..<50 {
      usleep(1000)
      try pool.run(shards: 4) { _ in total.add(1, ordering: .relaxed) }
    }
    #expect(total.load(ordering: .relaxed) == 80_200)
  }

  @Test func callerSleepsThroughLongShards() throws {
    let pool = WorkerPool(threads: 2)
    let done = Atomic<Int>(0)
    for _ in 0..<5 {
      try pool.run(shards: 3) { shard in
        usleep(shard == 0 ? 3000 : 8000)
        done.add(1, ordering: .relaxed)
      }
    }
    #expect(done.load(ordering: .relaxed) == 15)
  }

  @Test(arguments: [1, 2, 4])
  func errorOfTheLowestShardIsThrown(threads: Int) throws {
    let pool = WorkerPool(threads: threads)
    for round in 0..<200 {
      let first = round % 20
      let below = Atomic<Int>(0)
      #expect(throws: Failure(shard: first)) {
        try pool.run(shards: 40) { shard in
          if shard < first { below.add(1, ordering: .relaxed) }
          if shard >= first, shard % 2 == first % 2 { throw Failure(shard: shard) }
        }
      }
      #expect(below.load(ordering: .relaxed) == first)
    }
    let total = Atomic<Int>(0)
    try pool.run(shards: 5) { _ in total.add(1, ordering: .relaxed) }
    #expect(total.load(ordering: .relaxed) == 5)
  }

  @Test(arguments: [1, 2, 4])
  func turnsComeInOrder(threads: Int) throws {
    let pool = WorkerPool(threads: threads)
    for _ in 0..<50 {
      let taken = Mutex<[Int]>([])
      try pool.run(shards: 12) { shard, turn in
        // Those that begin later are quicker.
        usleep(UInt32(11 - shard) * 20)
        turn.take { taken.withLock { $0.append(shard) } }
      }
      #expect(taken.withLock { $0 } == Array(0..<12))
    }
  }

  @Test(arguments: [1, 2, 4])
  func noTurnIsWaitedForAfterAnError(threads: Int) throws {
    let pool = WorkerPool(threads: threads)
    for first in 0..<12 {
      let taken = Mutex<[Int]>([])
      #expect(throws: Failure(shard: first)) {
        try pool.run(shards: 12) { shard, turn in
          if shard == first {
            usleep(500)
            throw Failure(shard: shard)
          }
          turn.take { taken.withLock { $0.append(shard) } }
        }
      }
      let shards = taken.withLock { $0 }
      #expect(shards == Array(0..<shards.count) && shards.count <= first)
    }
  }

  @Test func callsWithinAShardRunInline() throws {
    let pool = WorkerPool(threads: 2)
    let total = Atomic<Int>(0)
    try pool.run(shards: 4) { _ in
      try pool.run(shards: 5) { total.add($0, ordering: .relaxed) }
    }
    #expect(total.load(ordering: .relaxed) == 40)
  }

  @Test(arguments: [1, 4])
  func denormalsAreFlushedInShardsOnly(threads: Int) throws {
    let control = synfire_float_control()
    let pool = WorkerPool(threads: threads)
    let tiny = AlignedBuffer<Float>(count: 1)
    tiny.pointer[0] = .leastNormalMagnitude
    let products = AlignedBuffer<Float>(count: 64)
    for index in 0..<64 { products.pointer[index] = 1 }
    try pool.run(shards: 64) { shard in
      usleep(100)
      products.pointer[shard] = tiny.pointer[0] * 0.25
    }
    #expect((0..<64).allSatisfy { products.pointer[$0] == 0 })
    #expect(synfire_float_control() == control)
    #expect(tiny.pointer[0] * 0.25 > 0)
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self/task")))
  func threadsEndWithTheirPool() throws {
    func threadCount() -> Int {
      (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count) ?? 0
    }
    let before = threadCount()
    for _ in 0..<50 { try WorkerPool(threads: 9).run(shards: 3) { _ in } }
    #expect(threadCount() < before + 100)
  }
}
