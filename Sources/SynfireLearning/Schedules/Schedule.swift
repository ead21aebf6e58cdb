import SynfireCore

/// The factor on the learning rate over updates.
public struct Schedule: Sendable, Equatable {
  /// What follows the warm-up.
  public enum Shape: Sendable, Equatable {
    case constant
    /// Times `factor` every `interval` updates.
    case step(factor: Double, interval: Int)
    /// `factor` to the power of updates / `interval`.
    case exponential(factor: Double, interval: Int)
    /// From 1 to `floor` along half a cosine over `length` updates, then `floor`.
    case cosine(length: Int, floor: Double)
  }

  public var shape: Shape
  /// Updates over which the factor rises linearly from 1 / (warmUp + 1) to 1; 0 for none.
  public var warmUp: Int

  public init(_ shape: Shape = .constant, warmUp: Int = 0) {
    self.shape = shape
    self.warmUp = warmUp
  }

  /// The factor of an update, counted from 0.
  public func factor(update: Int) -> Double {
    guard update >= warmUp else { return Double(update + 1) / Double(warmUp + 1) }
    let update = update - warmUp
    switch shape {
    case .constant:
      return 1
    case .step(let factor, let interval):
      return pow(factor, Double(update / interval))
    case .exponential(let factor, let interval):
      return pow(factor, Double(update) / Double(interval))
    case .cosine(let length, let floor):
      guard update < length else { return floor }
      return floor + (1 - floor) * (1 + cos(.pi * Double(update) / Double(length))) / 2
    }
  }
}
