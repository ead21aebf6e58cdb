import CIntrinsics

/// A condition variable: threads sleep at it until what they wait for is true.
final class Gate: @unchecked Sendable {
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  /// About 30 microseconds, the time that a sleeping thread needs to wake up.
  private static let spins = 1000

  init() {
    pthread_mutex_init(lock, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(lock)
    condition.deallocate()
    lock.deallocate()
  }

  /// Whether it becomes true in the time that it takes to wake up.
  static func spin(until isTrue: () -> Bool) -> Bool {
    for _ in 0..<spins {
      if isTrue() { return true }
      synfire_pause()
    }
    return false
  }

  func wait(until isTrue: () -> Bool) {
    pthread_mutex_lock(lock)
    while !isTrue() { pthread_cond_wait(condition, lock) }
    pthread_mutex_unlock(lock)
  }

  /// Lets every sleeper look again.
  func open() {
    pthread_mutex_lock(lock)
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(lock)
  }
}
