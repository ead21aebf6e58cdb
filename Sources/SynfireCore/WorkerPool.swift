import CIntrinsics
import Synchronization

/// Threads that run the shards of one job after another.
///
/// The number of shards is the caller's and does not depend on the number of threads; which thread
/// runs a shard is left to chance. Work whose result depends on its shard alone, with partial sums
/// added in shard order afterwards, therefore gives the same bits on any number of threads.
///
/// Denormal numbers are flushed to zero while a shard runs; the caller's own mode is restored.
public final class WorkerPool: Sendable {
  /// The number of threads that run shards, the caller's included.
  public let threads: Int
  private let crew: Crew
  private let workers: [WorkerThread]

  /// Starts `threads - 1` threads, which wait until there is work; the caller of `run` is one more.
  ///
  /// Less than one thread counts as one. If the system refuses a thread, the pool does with fewer.
  public init(threads: Int) {
    let crew = Crew()
    var workers: [WorkerThread] = []
    for _ in 1..<max(2, threads) where threads > 1 {
      guard let worker = WorkerThread({ crew.work() }) else { break }
      workers.append(worker)
    }
    self.crew = crew
    self.workers = workers
    self.threads = workers.count + 1
  }

  deinit {
    crew.dismiss()
    for worker in workers { worker.join() }
  }

  /// Runs `body(0)` ... `body(shards - 1)`, each once, and returns when all are done.
  ///
  /// Shards are begun in ascending order. After an error, shards above the one that threw are not
  /// begun any more, and the error of the lowest shard that threw is thrown. A call from within a
  /// shard, or while another thread's call is under way, runs its shards on the calling thread.
  public func run(shards: Int, _ body: @Sendable (Int) throws -> Void) throws {
    guard shards > 0 else { return }
    try withoutDenormals {
      guard !workers.isEmpty, shards > 1, crew.reserve() else {
        for shard in 0..<shards { try body(shard) }
        return
      }
      defer { crew.release() }
      try crew.run(shards: shards, body)
    }
  }
}

/// A thread of the operating system that runs one closure.
private final class WorkerThread: @unchecked Sendable {
  private let handle: pthread_t

  /// Nil when the system refuses another thread.
  init?(_ body: @escaping @Sendable () -> Void) {
    let box = Unmanaged.passRetained(Start(body))
    #if canImport(Darwin)
      var handle: pthread_t?
    #else
      var handle = pthread_t()
    #endif
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, 8 << 20)
    let status = pthread_create(&handle, &attributes, threadMain, box.toOpaque())
    pthread_attr_destroy(&attributes)
    guard status == 0 else {
      box.release()
      return nil
    }
    #if canImport(Darwin)
      self.handle = handle!
    #else
      self.handle = handle
    #endif
  }

  func join() { pthread_join(handle, nil) }
}

private final class Start {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

#if canImport(Darwin)
  private func threadMain(_ raw: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<Start>.fromOpaque(raw).takeRetainedValue().body()
    return nil
  }
#else
  private func threadMain(_ raw: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    Unmanaged<Start>.fromOpaque(raw!).takeRetainedValue().body()
    return nil
  }
#endif
