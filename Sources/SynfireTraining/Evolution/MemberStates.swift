import Synchronization
import SynfireCore
import SynfireNetworks
import SynfireTasks

/// What the members of a population are in the middle of: worlds and networks, each written by the thread that has
/// the member.
final class MemberStates: Sendable {
  private let worlds: AlignedBuffer<Double>
  private let networks: AlignedBuffer<Float>
  private let worldCount: Int
  private let networkCount: Int

  init(members: Int, world: Rollout, individual: some Controller) {
    (worldCount, networkCount) = (world.stateCount, individual.stateCount)
    worlds = AlignedBuffer(count: members * worldCount)
    networks = AlignedBuffer(count: members * networkCount)
  }

  func save(_ world: Rollout, _ individual: some Controller, of member: Int) {
    world.save(worlds.pointer + member * worldCount)
    individual.save(networks.pointer + member * networkCount)
  }

  func restore(_ world: Rollout, _ individual: some Controller, of member: Int) {
    world.restore(worlds.pointer + member * worldCount)
    individual.restore(networks.pointer + member * networkCount)
  }
}

/// The largest of numbers that several threads find.
final class Largest: Sendable {
  private let found = Mutex(0)

  var value: Int { found.withLock { $0 } }

  func take(_ number: Int) { found.withLock { $0 = max($0, number) } }
}
