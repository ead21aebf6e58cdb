import Synchronization
import SynfireCore

/// Things that threads use one after another: as many are made as are in use at once.
final class Places<Place>: @unchecked Sendable {
  private let lock = Mutex<Void>(())
  private var free: [Place] = []

  func take() -> Place? { lock.withLock { _ in free.popLast() } }

  func give(_ place: Place) { lock.withLock { _ in free.append(place) } }
}

/// The sums of every shard, each of which only its own thread writes.
final class Sums: @unchecked Sendable {
  private let sums: UnsafeMutableBufferPointer<ObservationSums?>

  init(shards: Int) {
    sums = .allocate(capacity: shards)
    sums.initialize(repeating: nil)
  }

  deinit {
    sums.deinitialize()
    sums.deallocate()
  }

  subscript(shard: Int) -> ObservationSums? {
    get { sums[shard] }
    set { sums[shard] = newValue }
  }
}
