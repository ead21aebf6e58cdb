import Foundation

/// How many times the units of one kind of networks another kind needs for the same error.
///
/// The size that an error needs is where the lowest error so far, from small networks to large ones, comes
/// down to it, by linear interpolation of logarithms. Both kinds are compared at every such error of
/// either that lies within the range of both.
public struct EqualErrorRatio: Sendable, Equatable {
  /// Errors at which both were compared, decreasing.
  public let errors: [Double]
  /// The sizes needed by one kind over those needed by the other, in the order of the errors.
  public let ratios: [Double]

  public var median: Double { ratios.median }

  /// Sizes, increasing, and the error of each.
  public typealias Sizes = (sizes: [Double], errors: [Double])

  /// Nil when no error is within the range of both, or a number is not positive.
  public init?(of first: Sizes, to second: Sizes) {
    guard let first = Envelope(first), let second = Envelope(second) else { return nil }
    let least = max(first.errors.last!, second.errors.last!)
    let most = min(first.errors.first!, second.errors.first!)
    errors = Set(first.errors + second.errors).filter { $0 >= least && $0 <= most }.sorted(by: >)
    guard !errors.isEmpty else { return nil }
    ratios = errors.map { first.size(at: $0) / second.size(at: $0) }
  }
}

/// The lowest errors so far, strictly decreasing, and the sizes at which they were reached.
private struct Envelope {
  var sizes: [Double] = []
  var errors: [Double] = []

  init?(_ all: EqualErrorRatio.Sizes) {
    let pairs = zip(all.sizes, all.errors)
    guard all.sizes.count == all.errors.count, !all.sizes.isEmpty,
      pairs.allSatisfy({ $0 > 0 && $1 > 0 && $0.isFinite && $1.isFinite })
    else { return nil }
    for (size, error) in pairs where error < errors.last ?? .infinity {
      sizes.append(size)
      errors.append(error)
    }
  }

  /// - Parameter error: within the range of the errors.
  func size(at error: Double) -> Double {
    let index = errors.firstIndex { $0 <= error }!
    guard index > 0, errors[index] < error else { return sizes[index] }
    let part = log(errors[index - 1] / error) / log(errors[index - 1] / errors[index])
    return sizes[index - 1] * pow(sizes[index] / sizes[index - 1], part)
  }
}
