import SynfireCore
import SynfireNetworks

/// A member of a population while its fitness is found: an individual with its parameters and its initial state.
///
/// It is lent to the closure that finds the fitness, on one thread, and given to another member afterwards.
public final class Member<Individual: Sendable> {
  /// From 0; the evaluation members come last.
  public internal(set) var index = 0
  /// Counted from 0.
  public internal(set) var generation = 0
  /// Whether it has the network that has been learned so far, and is not learned from.
  public internal(set) var isEvaluation = false
  public let seed: UInt64
  public let individual: Individual
  let normalizer: ObservationNormalizer?
  private(set) var observed: ObservationSums
  /// The observation as doubles, the last one that was seen, and what the network is given and answers.
  private let last: AlignedBuffer<Double>
  private var hasLast = false
  private let normalized: AlignedBuffer<Float>
  private let answer: AlignedBuffer<Float>

  init(
    _ individual: Individual, seed: UInt64, normalizer: ObservationNormalizer?
  ) throws {
    self.individual = individual
    self.seed = seed
    self.normalizer = normalizer
    let controller = individual as? any Controller
    let count = controller?.observations ?? normalizer?.observations ?? 0
    if let normalizer, normalizer.observations != count {
      throw LearningError(
        "the normaliser is for \(normalizer.observations) observations, the network for \(count)",
        place: "evolution", remedy: "Make the normaliser for as many observations as the network.")
    }
    observed = ObservationSums(observations: normalizer?.observations ?? 0)
    last = AlignedBuffer(count: count)
    normalized = AlignedBuffer(count: count)
    answer = AlignedBuffer(count: controller?.actions ?? 0)
  }

  /// Random numbers for a purpose of the user's, of this member.
  ///
  /// - Parameter everyGeneration: whether they are others in every generation. If not, a member has the same
  ///   ones always, such as for the states that its episodes start in (Wang et al. 2023, code).
  public func randomness(_ name: String, everyGeneration: Bool = true) -> RandomStream {
    RandomStream(
      seed: seed, stream: name, step: everyGeneration ? UInt64(generation) : 0,
      trial: UInt64(index))
  }

  func begin(index: Int, generation: Int, isEvaluation: Bool) {
    self.index = index
    self.generation = generation
    self.isEvaluation = isEvaluation
    hasLast = false
  }

  /// Counts what is left to count of this member.
  func finish() {
    if hasLast, let normalizer, normalizer.source == .last {
      observed.add(last.pointer, relativeTo: normalizer.mean)
    }
  }

  /// The sums since the last call, of one member or several.
  func takeObserved() -> ObservationSums {
    defer { observed = ObservationSums(observations: observed.deviations.count) }
    return observed
  }

  /// Tells the normaliser of an observation that is not acted upon, such as the one after the last action.
  ///
  /// - Parameter observation: as many numbers as the normaliser has.
  public func observe(_ observation: UnsafePointer<Double>) {
    guard let normalizer else { return }
    switch normalizer.source {
    case .visited: observed.add(observation, relativeTo: normalizer.mean)
    case .last:
      last.pointer.update(from: observation, count: normalizer.observations)
      hasLast = true
    }
  }
}

extension Member where Individual: Controller {
  /// Acts for one step of the environment: the observation is counted and normalised, if the rule does that,
  /// and given to the network. Allocates nothing.
  ///
  /// - Parameters:
  ///   - observation: as many numbers as the network has observations.
  ///   - action: as many as it has actions, to write.
  public func act(_ observation: UnsafePointer<Double>, into action: UnsafeMutablePointer<Double>) {
    if let normalizer {
      observe(observation)
      normalizer.normalize(observation, into: normalized.pointer)
    } else {
      for index in 0..<individual.observations {
        normalized.pointer[index] = Float(observation[index])
      }
    }
    individual.step(normalized.pointer, into: answer.pointer)
    for index in 0..<individual.actions { action[index] = Double(answer.pointer[index]) }
  }

  /// Acts for one step of the environment.
  ///
  /// - Throws: `LearningError` when the observation has another size than the network's.
  public func act(_ observation: [Double]) throws -> [Double] {
    guard observation.count == individual.observations else {
      throw LearningError(
        "an observation of \(observation.count) numbers was given to a network for "
          + "\(individual.observations)", place: "member \(index)")
    }
    return [Double](unsafeUninitializedCapacity: individual.actions) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      observation.withUnsafeBufferPointer { act($0.baseAddress ?? UnsafePointer(base), into: base) }
      count = individual.actions
    }
  }
}
