import SynfireCore

/// Sums over observations, relative to a reference: what a normaliser needs to know of a generation.
///
/// Sums of the parts of a population, added in the order of its members, do not depend on who found them.
public struct ObservationSums: Sendable, Equatable {
  /// Observations that were counted.
  public private(set) var count = 0
  /// Observations that were not, as some of their numbers were not finite.
  public private(set) var skipped = 0
  /// Sum over observations of x - reference, and of its square.
  public private(set) var deviations: [Double]
  public private(set) var squares: [Double]

  public init(observations: Int) {
    deviations = [Double](repeating: 0, count: observations)
    squares = [Double](repeating: 0, count: observations)
  }

  /// Counts an observation.
  ///
  /// - Parameters:
  ///   - observation: as many numbers as there are observations.
  ///   - reference: as many; the mean of the normaliser that the sums are for.
  public mutating func add(
    _ observation: UnsafePointer<Double>, relativeTo reference: UnsafePointer<Double>
  ) {
    let size = deviations.count
    for index in 0..<size where !observation[index].isFinite {
      skipped += 1
      return
    }
    count += 1
    deviations.withUnsafeMutableBufferPointer { deviations in
      squares.withUnsafeMutableBufferPointer { squares in
        for index in 0..<size {
          let deviation = observation[index] - reference[index]
          deviations[index] += deviation
          squares[index] += deviation * deviation
        }
      }
    }
  }

  /// Adds the sums of further members.
  public mutating func add(_ other: ObservationSums) {
    count += other.count
    skipped += other.skipped
    for index in deviations.indices {
      deviations[index] += other.deviations[index]
      squares[index] += other.squares[index]
    }
  }
}
