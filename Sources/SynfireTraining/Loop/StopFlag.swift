import Synchronization

/// A request to stop a run after the batch that it is training, such as a signal makes.
public final class StopFlag: Sendable {
  private let value = Atomic<Int32>(0)

  public init() {}

  /// Asks to stop; the number of the signal is kept for the exit code. The first request counts.
  public func raise(signal: Int32) {
    _ = value.compareExchange(expected: 0, desired: signal, ordering: .relaxed)
  }

  /// The signal that asked to stop; nil while none did.
  public var signal: Int32? {
    let signal = value.load(ordering: .relaxed)
    return signal == 0 ? nil : signal
  }
}
