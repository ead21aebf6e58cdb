import Foundation
import SynfireCore

/// The part of neurons' inputs that the factors of their network explain, and the firing rates that follow
/// from it: how much of the variability of spikes is noise to the factors.
///
/// Of each neuron, over all samples (steps of all trials, one trial after another):
///
///     A = u y + u_in F_in                     what factors and inputs bring
///     B = the currents of the random connections
///     B_fac = the least squares fit of B by [y, 1, F_in]
///     factor-based input = A + B_fac          other input = B - B_fac
///     rate = exp(b0 + b1 x factor-based input) / dt,    b by Poisson regression of the spikes 0 and 1
///
/// Source: DePasquale et al. (2023), code, `factor_based_firing_rate.m`.
public struct FactorBasedRate: Sendable {
  /// One number a sample, in the unit of the drive.
  public let factorInput: [Double]
  public let otherInput: [Double]
  /// The fraction of the variance of B that the factors explain; 0 for constant currents.
  public let explainedVariance: Double
  /// Of the spikes on the factor-based input.
  public let regression: PoissonRegression
  /// In Hz, one number a sample.
  public let rates: [Double]

  /// What was recorded of one neuron, one number a sample.
  public struct Recording: Sendable {
    /// A.
    public var direct: [Double]
    /// B.
    public var random: [Double]
    /// 0 or 1.
    public var spikes: [Double]

    public init(direct: [Double], random: [Double], spikes: [Double]) {
      self.direct = direct
      self.random = random
      self.spikes = spikes
    }
  }

  /// The rates of several neurons; nil for those whose spikes allow no regression, such as silent ones.
  ///
  /// - Parameters:
  ///   - regressors: y and F_in, axes [sample, regressor].
  ///   - timeStep: dt in seconds.
  /// - Throws: `AnalysisError` for recordings of other lengths and numbers that are not finite.
  public static func rates(
    of neurons: [Recording], regressors: Tensor<Double>, timeStep: Double
  ) throws -> [FactorBasedRate?] {
    let place = "factor-based rate"
    try regressors.check(axes: 2, called: place)
    let (samples, width) = (regressors.shape[0], regressors.shape[1])
    guard timeStep > 0, !neurons.isEmpty,
      neurons.allSatisfy({
        $0.direct.count == samples && $0.random.count == samples && $0.spikes.count == samples
      })
    else {
      throw AnalysisError(
        "\(neurons.count) recordings that should have \(samples) samples each", place: place)
    }
    var design = Tensor<Double>(axes: ["sample", "regressor"], shape: [samples, width + 1])
    for sample in 0..<samples {
      for column in 0..<width { design[sample, column] = regressors[sample, column] }
      design[sample, width] = 1
    }
    var currents = Tensor<Double>(axes: ["sample", "neuron"], shape: [samples, neurons.count])
    for (index, neuron) in neurons.enumerated() {
      for sample in 0..<samples { currents[sample, index] = neuron.random[sample] }
    }
    // Factors that are combinations of each other do no harm: the least norm is taken.
    let fit = try LinearAlgebra.leastSquares(design, currents).solution
    return try neurons.indices.map { index in
      let explained = (0..<samples).map { sample in
        (0...width).reduce(0) { $0 + design[sample, $1] * fit[$1, index] }
      }
      do {
        return try FactorBasedRate(neurons[index], explained: explained, timeStep: timeStep)
      } catch is AnalysisError {
        return nil
      }
    }
  }

  private init(_ neuron: Recording, explained: [Double], timeStep: Double) throws {
    let factorInput = zip(neuron.direct, explained).map { $0 + $1 }
    let otherInput = zip(neuron.random, explained).map { $0 - $1 }
    let regression = try PoissonRegression(counts: neuron.spikes, predictors: [factorInput])
    let (all, rest) = (MeanAndDeviation(of: neuron.random), MeanAndDeviation(of: otherInput))
    explainedVariance =
      all.deviation > 0 ? 1 - rest.deviation * rest.deviation / (all.deviation * all.deviation) : 0
    rates = factorInput.map { regression.mean([$0]) / timeStep }
    self.factorInput = factorInput
    self.otherInput = otherInput
    self.regression = regression
  }
}
