import Foundation
import SynfireAnalysis
import SynfireCore
import Testing

/// The analyses of networks that are taught factors, against numbers of NumPy, SciPy and statsmodels.
struct FactorAnalysesTests {
  private let x = [-3.2, -2.1, -1.7, -0.9, -0.4, 0.1, 0.6, 1.3, 1.9, 2.4, 3.1, 4.7]

  /// `statsmodels.GLM(y, add_constant(x), family=Poisson())`.
  @Test func poissonRegressionOfSpikes() throws {
    let spikes: [Double] = [0, 0, 1, 0, 0, 0, 1, 0, 1, 1, 1, 1]
    let fit = try PoissonRegression(counts: spikes, predictors: [x])
    #expect(abs(fit.coefficients[0] - -1.0136452887405103) < 1e-10)
    #expect(abs(fit.coefficients[1] - 0.27530021374261104) < 1e-10)
    #expect(abs(fit.deviance - 6.1071387625486855) < 1e-10)
    #expect(fit.iterations < 12)
    // At the maximum the means of all samples add up to the counts.
    #expect(abs(x.reduce(0) { $0 + fit.mean([$1]) } - 6) < 1e-10)
  }

  @Test func poissonRegressionOnTwoPredictors() throws {
    let other = [0.5, -1.0, 2.0, 0.3, -0.7, 1.1, 0.0, -2.2, 0.9, 1.4, -0.6, 0.2]
    let counts: [Double] = [0, 0, 2, 0, 1, 0, 3, 0, 4, 1, 2, 9]
    let fit = try PoissonRegression(counts: counts, predictors: [x, other])
    let expected = [-0.2260744776601582, 0.4610410085879614, 0.3555099561227745]
    for (found, value) in zip(fit.coefficients, expected) { #expect(abs(found - value) < 1e-10) }
    #expect(abs(fit.deviance - 14.298814285121235) < 1e-10)
    // Coefficients follow the units of the predictors, however far these are from 1.
    let scaled = try PoissonRegression(
      counts: counts, predictors: [x.map { 1e6 * $0 + 1e7 }, other])
    #expect(abs(1e6 * scaled.coefficients[1] - expected[1]) < 1e-8)
  }

  @Test func poissonRegressionsThatCannotBe() {
    func error(_ counts: [Double], _ predictors: [[Double]]) -> String {
      let error = #expect(throws: AnalysisError.self) {
        try PoissonRegression(counts: counts, predictors: predictors)
      }
      return error?.what ?? ""
    }
    let none = [Double](repeating: 0, count: 12)
    #expect(error(none, [x]) == "all counts are 0")
    // All spikes above all silent samples can be had with any slope, the steeper the better.
    #expect(error(none.dropLast() + [1], [x]).contains("no maximum"))
    let some: [Double] = [0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1]
    #expect(error(some, [x, x.map { 2 * $0 + 1 }]).contains("no maximum"))
    #expect(error(some, [[Double](repeating: 3, count: 12)]) == "predictor 1 is constant")
    #expect(error(some, [[1, 2]]).contains("12 counts"))
    #expect(error(some, [x.map { $0 > 0 ? .nan : $0 }]).contains("no usable number"))
    #expect(error(some.map { -$0 }, [x]).contains("no usable number"))
  }

  /// `numpy.linalg.svd` of the matrix without its column means, `scipy.linalg.subspace_angles`.
  @Test func temporalComponentsAndAngles() throws {
    let t = (0..<6).map(Double.init)
    func row(_ t: Double) -> [Double] { [sin(t), cos(2 * t), 0.3 * t * t - 1, sin(3 * t) + 2] }
    func other(_ t: Double) -> [Double] { [cos(t), 0.1 * t * t * t, sin(t) + 0.5 * t] }
    let first = Tensor<Double>(
      axes: ["time", "neuron"], shape: [6, 4],
      values: t.flatMap(row))
    let second = Tensor<Double>(
      axes: ["time", "neuron"], shape: [6, 3],
      values: t.flatMap(other))
    let components = try TemporalComponents(of: first)
    func agree(_ found: [Double], _ expected: [Double]) {
      #expect(found.count == expected.count)
      for (value, wanted) in zip(found, expected) { #expect(abs(value - wanted) < 1e-10) }
    }
    agree(
      components.explainedVariance,
      [0.9124590780906355, 0.06281030162387466, 0.019232435897548764, 0.0054981843879410896])
    agree(
      components.singularValues,
      [6.752895500777212, 1.7717350240336789, 0.9803936232146601, 0.5241951291791187])
    #expect(abs(components.cumulativeVariance[3] - 1) < 1e-12)
    // NumPy's is the negative; the largest element is positive here.
    let course = [
      0.41104769705828825, 0.37003000865414504, 0.24202085817761904, 0.025165530674344277,
      -0.31739383391214687, -0.7308702606522497,
    ]
    agree((0..<6).map { components.components[$0, 0] }, course.map { -$0 })
    let compared = try TemporalComponents(of: second)
    agree(
      try components.angles(to: compared, components: 2).degrees,
      [3.4130356300643148, 76.57597648772182])
    // Two times three dimensions in the five that are left without the mean share one.
    agree(
      try components.angles(to: compared, components: 3).degrees,
      [0, 1.5235927419263837, 85.86316430787403])
    #expect(throws: AnalysisError.self) { try components.angles(to: compared, components: 4) }
    let constant = Tensor<Double>(axes: ["time", "neuron"], shape: [3, 2], repeating: 0.7)
    #expect(throws: AnalysisError.self) { try TemporalComponents(of: constant) }
  }

  @Test func anglesOfTheWorkedExample() throws {
    func plane(_ second: [Double]) -> Tensor<Double> {
      Tensor(
        axes: ["time", "component"], shape: [3, 2],
        values: [1, second[0], 0, second[1], 0, second[2]])
    }
    let angles = try PrincipalAngles(
      between: plane([0, 1, 0]), and: plane([0, cos(0.3), sin(0.3)]))
    #expect(angles.angles[0] < 1e-12 && abs(angles.angles[1] - 0.3) < 1e-12)
    #expect(abs(angles.degrees[1] - 17.188733853924695) < 1e-10)
  }

  /// `numpy.linalg.lstsq` and `statsmodels.GLM`; a factor, an input and a constant.
  @Test func factorBasedRate() throws {
    let y = [0.1, 0.5, -0.3, 0.8, 1.2, -0.9, 0.4, 0, 0.7, -0.5, 1.1, -1.3]
    let input: [Double] = [1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0]
    let direct = zip(y, input).map { 2 * $0 + 0.5 * $1 }
    let random = [0.3, 1.1, -0.2, 0.5, 0.9, -1.0, 0.2, 0.4, 0.1, -0.6, 1.5, -0.4]
    let spiking = FactorBasedRate.Recording(
      direct: direct, random: random, spikes: [0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 1, 1])
    var silent = spiking
    silent.spikes = [Double](repeating: 0, count: 12)
    let regressors = Tensor<Double>(
      axes: ["sample", "regressor"], shape: [12, 2], values: zip(y, input).flatMap { [$0, $1] })
    let rates = try FactorBasedRate.rates(
      of: [silent, spiking], regressors: regressors, timeStep: 0.001)
    #expect(rates[0] == nil)
    let found = try #require(rates[1])
    #expect(abs(found.regression.coefficients[0] - -1.060225870350319) < 1e-10)
    #expect(abs(found.regression.coefficients[1] - 0.17406785973572253) < 1e-10)
    #expect(abs(found.explainedVariance - 0.7408156644210768) < 1e-10)
    for (value, wanted) in zip(
      found.rates, [418.5185429885219, 506.9848898149113, 301.26484563177945])
    {
      #expect(abs(value - wanted) < 1e-7)
    }
    #expect(abs(found.factorInput[0] - 1.0868852459016394) < 1e-10)
    #expect(abs(found.factorInput[1] - 2.1885245901639347) < 1e-10)
    #expect(abs(found.otherInput[0] - -0.08688524590163943) < 1e-10)
    #expect(abs(found.otherInput[1] - 0.41147540983606556) < 1e-10)
    #expect(throws: AnalysisError.self) {
      try FactorBasedRate.rates(
        of: [FactorBasedRate.Recording(direct: y, random: y, spikes: [])], regressors: regressors,
        timeStep: 0.001)
    }
  }

  @Test func spreadOverTrials() throws {
    let spread = try TrialSpread(of: [[1, 2, 3], [3, 2, 1, 9]])
    #expect(spread.steps.map(\.mean) == [2, 2, 2] && spread.steps.map(\.deviation) == [1, 0, 1])
    #expect(abs(spread.deviation - (2.0 / 3).squareRoot()) < 1e-15)
    #expect(spread.deviationOfMean == 0)
    #expect(throws: AnalysisError.self) { try TrialSpread(of: [[1]]) }
  }

  @Test func sizesForEqualErrors() throws {
    // Errors 100 / size and 150 / size: half as many again for any error.
    let sizes = [100.0, 200, 400, 800]
    let ratio = try #require(
      EqualErrorRatio(of: (sizes, sizes.map { 150 / $0 }), to: (sizes, sizes.map { 100 / $0 })))
    #expect(ratio.errors.count == 6 && ratio.errors.first == 1)
    #expect(ratio.ratios.allSatisfy { abs($0 - 1.5) < 1e-12 })
    // An error that rises again counts for nothing: 400 has that of 200.
    let uneven = try #require(
      EqualErrorRatio(of: (sizes, [8, 4, 5, 1]), to: (sizes, [8, 4, 2, 1])))
    #expect(uneven.errors == [8, 4, 2, 1])
    // Between 200 and 800 the error falls from 4 to 1, to 2 at 400.
    #expect(uneven.ratios.allSatisfy { abs($0 - 1) < 1e-12 })
    #expect(EqualErrorRatio(of: (sizes, [9, 8, 7, 6]), to: (sizes, [5, 4, 3, 2])) == nil)
    #expect(EqualErrorRatio(of: (sizes, [9, 8, 7, 0]), to: (sizes, [9, 4, 3, 2])) == nil)
  }

  /// NumPy's default.
  @Test func quantiles() {
    let values: [Double] = [3, 1, 4, 1, 5, 9, 2, 6]
    for (part, expected) in [(0.0, 1.0), (0.05, 1), (0.3, 2.1), (0.5, 3.5), (0.95, 7.95), (1, 9)] {
      #expect(abs(values.quantile(part) - expected) < 1e-14)
    }
    #expect([2.0].median == 2 && [Double]().median.isNaN)
  }
}
