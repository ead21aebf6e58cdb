import Synchronization
import SynfireNetworks

/// What forward sweeps left for the backward sweeps of their blocks. Each is used by one worker at a time.
final class SavedBlocks: @unchecked Sendable {
  private let lock = Mutex(())
  private var states: [Int: AnyObject] = [:]

  func insert(_ state: AnyObject?, _ block: Range<Int>) {
    lock.withLock { _ in states[block.lowerBound] = state }
  }

  func take(_ block: Range<Int>) -> AnyObject? {
    lock.withLock { _ in states.removeValue(forKey: block.lowerBound) }
  }
}

/// The state that the trials of a batch end in, block by block.
final class EndStates: Sendable {
  private let states: Mutex<NetworkState<Float>?>

  /// - Parameter start: of the shape that is wanted; nil for no state.
  init(_ start: NetworkState<Float>?) { states = Mutex(start) }

  var state: NetworkState<Float>? { states.withLock { $0 } }

  func insert(_ state: NetworkState<Float>, _ block: Range<Int>) {
    states.withLock { $0!.insert(state, trials: block) }
  }
}
