import Foundation
import SynfireCore

/// Poisson regression with a log link: the counts of samples have the means
///
///     mean = exp(b0 + b1 x1 + b2 x2 + ..)
///
/// and the coefficients b are those of largest likelihood, by Newton's method, which is iteratively
/// reweighted least squares here (McCullagh and Nelder, Generalized Linear Models, 1989, chapter 2). Predictors
/// are standardised meanwhile, and a step that lowers the likelihood is halved. It has converged when no
/// standardised coefficient moves by more than 1e-10.
public struct PoissonRegression: Sendable, Equatable {
  /// b0, then one number a predictor.
  public let coefficients: [Double]
  /// 2 sum of (n log(n / mean) - n + mean): twice what the log-likelihood is below that of a perfect fit.
  public let deviance: Double
  /// Newton steps that were taken.
  public let iterations: Int

  private static let tolerance = 1e-10
  private static let mostIterations = 60
  private static let place = "Poisson regression"

  /// - Parameters:
  ///   - counts: one a sample, not negative.
  ///   - predictors: [predictor][sample].
  /// - Throws: `AnalysisError` for lengths that differ, numbers that are not finite, counts that are all 0,
  ///   predictors that are constant or combinations of others, and predictors that separate the samples with
  ///   counts from those without, for which no coefficients are the best.
  public init(counts: [Double], predictors: [[Double]]) throws {
    let place = Self.place
    guard !counts.isEmpty, predictors.allSatisfy({ $0.count == counts.count }) else {
      throw AnalysisError(
        "\(counts.count) counts and predictors of \(predictors.map(\.count)) samples", place: place)
    }
    guard counts.allSatisfy({ $0 >= 0 && $0.isFinite }),
      predictors.allSatisfy({ $0.allSatisfy(\.isFinite) })
    else { throw AnalysisError("a count or a predictor is no usable number", place: place) }
    let total = counts.reduce(0, +)
    guard total > 0 else {
      throw AnalysisError(
        "all counts are 0", place: place, remedy: "Choose a neuron that spikes.")
    }
    let scales = predictors.map { MeanAndDeviation(of: $0) }
    if let constant = scales.firstIndex(where: { !($0.deviation > 1e-12 * abs($0.mean)) }) {
      throw AnalysisError("predictor \(constant + 1) is constant", place: place)
    }
    let standardized = zip(predictors, scales).map { values, scale in
      values.map { ($0 - scale.mean) / scale.deviation }
    }
    var fit = Fit(counts: counts, predictors: standardized)
    fit.coefficients[0] = log(total / Double(counts.count))
    var likelihood = fit.logLikelihood(fit.coefficients)
    var taken = 0
    while true {
      guard taken < Self.mostIterations else { throw Self.separated }
      taken += 1
      let step = try fit.newtonStep()
      var part = 1.0
      var next = fit.coefficients
      repeat {
        next = zip(fit.coefficients, step).map { $0 + part * $1 }
        let reached = fit.logLikelihood(next)
        // At the top rounding may lower it by some units in the last place.
        if reached >= likelihood - 1e-12 * abs(likelihood) {
          likelihood = reached
          break
        }
        part /= 2
      } while part > 1e-6
      fit.coefficients = next
      if step.allSatisfy({ abs($0) <= Self.tolerance }) { break }
    }
    iterations = taken
    deviance = fit.deviance
    var coefficients = fit.coefficients
    for (index, scale) in scales.enumerated() {
      coefficients[index + 1] /= scale.deviation
      coefficients[0] -= coefficients[index + 1] * scale.mean
    }
    self.coefficients = coefficients
  }

  /// The mean of a sample.
  public func mean(_ predictors: [Double]) -> Double {
    exp(zip(coefficients.dropFirst(), predictors).reduce(coefficients[0]) { $0 + $1.0 * $1.1 })
  }

  fileprivate static var separated: AnalysisError {
    AnalysisError(
      "the likelihood has no maximum: predictors are combinations of each other, or separate the "
        + "samples with counts from those without", place: place,
      remedy: "Use fewer predictors, or more samples.")
  }
}

/// A regression under way.
private struct Fit {
  let counts: [Double]
  let predictors: [[Double]]
  var coefficients: [Double]

  init(counts: [Double], predictors: [[Double]]) {
    self.counts = counts
    self.predictors = predictors
    coefficients = [Double](repeating: 0, count: predictors.count + 1)
  }

  private func exponent(_ sample: Int, _ coefficients: [Double]) -> Double {
    var sum = coefficients[0]
    for index in predictors.indices { sum += coefficients[index + 1] * predictors[index][sample] }
    return sum
  }

  /// Without the terms that do not depend on the coefficients.
  func logLikelihood(_ coefficients: [Double]) -> Double {
    counts.indices.reduce(0) { sum, sample in
      let exponent = exponent(sample, coefficients)
      return sum + counts[sample] * exponent - exp(exponent)
    }
  }

  var deviance: Double {
    counts.indices.reduce(0) { sum, sample in
      let exponent = exponent(sample, coefficients)
      let count = counts[sample]
      return sum
        + 2 * ((count > 0 ? count * (log(count) - exponent) : 0) - count + exp(exponent))
    }
  }

  /// The solution of H step = g, with the gradient g and the negative Hessian H of the log-likelihood.
  func newtonStep() throws -> [Double] {
    let size = coefficients.count
    var gradient = [Double](repeating: 0, count: size)
    var hessian = Tensor<Double>(axes: ["row", "column"], shape: [size, size])
    var sample = [Double](repeating: 1, count: size)
    for index in counts.indices {
      for predictor in predictors.indices { sample[predictor + 1] = predictors[predictor][index] }
      let mean = exp(exponent(index, coefficients))
      for row in 0..<size {
        gradient[row] += (counts[index] - mean) * sample[row]
        for column in 0...row {
          hessian.values[row * size + column] += mean * sample[row] * sample[column]
        }
      }
    }
    for row in 0..<size {
      for column in 0..<row {
        hessian.values[column * size + row] = hessian.values[row * size + column]
      }
    }
    guard hessian.values.allSatisfy(\.isFinite) else { throw PoissonRegression.separated }
    let (values, vectors) = try LinearAlgebra.symmetricEigen(hessian)
    guard let largest = values.first, values.last! > 1e-12 * largest else {
      throw PoissonRegression.separated
    }
    var step = [Double](repeating: 0, count: size)
    for (column, value) in values.enumerated() {
      let part = (0..<size).reduce(0) { $0 + vectors[$1, column] * gradient[$1] } / value
      for row in 0..<size { step[row] += part * vectors[row, column] }
    }
    return step
  }
}
