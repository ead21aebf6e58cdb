import Foundation

/// The factor-based spiking network and its learning, as the specification writes them: whole matrices,
/// one neuron at a time.
struct PlainFactorNetwork {
  var encoders: [[Double]]
  var input: [[Double]]
  var offset: [Double]
  var fastWeights: [[Double]]
  var slowWeights: [[Double]]
  var common: Double
  var potential: [Double]
  var factors: [Double]
  private(set) var slow: [Double]
  private(set) var fast: [Double]
  private(set) var inhibition = 0.0
  private(set) var traces: [Double]
  private(set) var spikes: [Int] = []
  private(set) var meanDrive: [Double] = []

  init(
    encoders: [[Double]], input: [[Double]], offset: [Double], fastWeights: [[Double]],
    slowWeights: [[Double]], common: Double, potential: [Double], factors: [Double]
  ) {
    self.encoders = encoders
    self.input = input
    self.offset = offset
    self.fastWeights = fastWeights
    self.slowWeights = slowWeights
    self.common = common
    self.potential = potential
    self.factors = factors
    slow = offset.map { _ in 0 }
    fast = slow
    traces = slow + slow
  }

  private func product(_ matrix: [[Double]], _ vector: [Double]) -> [Double] {
    matrix.map { zip($0, vector).reduce(0) { $0 + $1.0 * $1.1 } }
  }

  /// One step with `factors` as fed back.
  mutating func step(_ inputs: [Double]) {
    let neurons = offset.count
    let (v, s, f) = (exp(-0.1), exp(-0.01), exp(-0.2))
    let (mixed, driven) = (product(encoders, factors), product(input, inputs))
    meanDrive = (0..<neurons).map { mixed[$0] + slow[$0] + fast[$0] }
    spikes = []
    var emitted = [Double](repeating: 0, count: neurons)
    for i in 0..<neurons {
      let goal = inhibition - offset[i] + meanDrive[i] + driven[i]
      potential[i] = goal + (potential[i] - goal) * v
      if potential[i] >= 1e-16 {
        potential[i] = 1e-16 - 10
        spikes.append(i)
        emitted[i] = 1
      }
    }
    let (slowJump, fastJump) = (product(slowWeights, emitted), product(fastWeights, emitted))
    for i in 0..<neurons {
      slow[i] = s * slow[i] + slowJump[i]
      fast[i] = f * fast[i] + fastJump[i]
      traces[i] = s * traces[i] + emitted[i]
      traces[neurons + i] = f * traces[neurons + i] + emitted[i]
    }
    inhibition = f * inhibition + common * Double(spikes.count)
  }
}

/// Recursive least squares as the textbook has it.
struct PlainLeastSquares {
  var weights: [[Double]]
  var correlation: [[Double]]
  private(set) var gain: [Double] = []

  init(regressors: Int, outputs: Int) {
    weights = [[Double]](
      repeating: [Double](repeating: 0, count: regressors), count: outputs)
    correlation = (0..<regressors).map { row in
      (0..<regressors).map { $0 == row ? 1 : 0 }
    }
  }

  func predict(_ regressors: [Double]) -> [Double] {
    weights.map { zip($0, regressors).reduce(0) { $0 + $1.0 * $1.1 } }
  }

  mutating func update(_ regressors: [Double], errors: [Double]) {
    let q = correlation.map { zip($0, regressors).reduce(0) { $0 + $1.0 * $1.1 } }
    let denominator = 1 + zip(q, regressors).reduce(0) { $0 + $1.0 * $1.1 }
    gain = q.map { $0 / denominator }
    for i in q.indices { for j in q.indices { correlation[i][j] -= q[i] * gain[j] } }
    for i in errors.indices { for j in q.indices { weights[i][j] -= errors[i] * gain[j] } }
  }
}
