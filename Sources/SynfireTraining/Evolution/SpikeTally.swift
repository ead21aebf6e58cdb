import Synchronization
import SynfireNetworks

/// Spikes of a network that acts, counted after each of its steps.
struct SpikeTally: Sendable {
  private var spikes = 0
  /// Neurons by sub-steps.
  private var chances = 0

  /// Counts the last step of an individual whose neurons spike.
  mutating func add(_ individual: some Controller) {
    guard let spiking = individual as? any SpikingController else { return }
    for word in spiking.spikes { spikes += word.nonzeroBitCount }
    chances += spiking.neurons * spiking.subSteps
  }

  static func += (tally: inout SpikeTally, other: SpikeTally) {
    tally.spikes += other.spikes
    tally.chances += other.chances
  }

  /// The mean rate of a neuron in hertz; 0 where nothing was counted.
  ///
  /// - Parameter timeStep: of a sub-step, in seconds.
  func firingRate(timeStep: Double) -> Double {
    chances == 0 ? 0 : Double(spikes) / (Double(chances) * timeStep)
  }
}

/// A sum of tallies of several threads.
final class SharedTally: Sendable {
  private let sum = Mutex(SpikeTally())

  var value: SpikeTally { sum.withLock { $0 } }

  func add(_ tally: SpikeTally) { sum.withLock { $0 += tally } }
}
