import SynfireCore
import SynfireLearning
import Testing

/// Recursive least squares against hand-computed steps and direct solutions.
@Suite struct RecursiveDecoderTests {
  /// Regressors and targets of a linear problem with noise, of unlike scales.
  private struct Problem {
    let regressors: [[Double]]
    let targets: [[Double]]

    init(samples: Int, regressors: Int, outputs: Int) {
      var stream = RandomStream(seed: 8, stream: "problem")
      let truth = (0..<outputs).map { _ in (0..<regressors).map { _ in stream.normal() } }
      let rows = (0..<samples).map { _ in
        (0..<regressors).map { (0.5 + Double($0 % 3)) * stream.normal() }
      }
      self.regressors = rows
      targets = rows.map { row in
        truth.map { weights in
          zip(weights, row).reduce(0.1 * stream.normal()) { $0 + $1.0 * $1.1 }
        }
      }
    }
  }

  private func learn(_ problem: Problem, _ decoder: inout RecursiveDecoder) throws {
    let row = AlignedBuffer<Double>(count: decoder.rowLength)
    let errors = AlignedBuffer<Double>(count: decoder.outputs)
    for (regressors, targets) in zip(problem.regressors, problem.targets) {
      for (index, value) in regressors.enumerated() { row.pointer[index] = value }
      decoder.predict(row.pointer, into: errors.pointer)
      for (index, value) in targets.enumerated() { errors.pointer[index] -= value }
      try decoder.update(row.pointer, errors: errors.pointer)
    }
  }

  private func difference(_ a: Tensor<Double>, _ b: Tensor<Double>) -> Double {
    difference(a.values, b.values)
  }

  private func difference(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  /// The minimum of sum lambda^(n - i) |w s_i - y_i|^2 + lambda^n |w|^2 / initialValue, solved at once.
  @Test(arguments: [(1.0, 1.0), (0.2, 1.0), (1.0, 0.99), (5.0, 0.995)])
  func equalsRidgeRegression(initialValue: Double, forgetting: Double) throws {
    let problem = Problem(samples: 300, regressors: 45, outputs: 3)
    var decoder = try RecursiveDecoder(
      regressors: 45, outputs: 3, initialValue: initialValue, forgetting: forgetting,
      pool: WorkerPool(threads: 2))
    try learn(problem, &decoder)
    var (rows, sides): ([Double], [Double]) = ([], [])
    var weight = 1.0
    for (regressors, targets) in zip(problem.regressors, problem.targets).reversed() {
      rows += regressors.map { $0 * weight.squareRoot() }
      sides += targets.map { $0 * weight.squareRoot() }
      weight *= forgetting
    }
    for index in 0..<45 {
      rows += (0..<45).map { $0 == index ? (weight / initialValue).squareRoot() : 0 }
      sides += [0, 0, 0]
    }
    let solution = try LinearAlgebra.leastSquares(
      Tensor(axes: ["row", "column"], shape: [345, 45], values: rows),
      Tensor(axes: ["row", "column"], shape: [345, 3], values: sides)
    ).solution
    for output in 0..<3 {
      for regressor in 0..<45 {
        #expect(abs(decoder.weights[output, regressor] - solution[regressor, output]) < 1e-8)
      }
    }
  }

  @Test(arguments: [2, 7, 32, 1000], [1, 0.99])
  func blocksChangeNothing(blockSize: Int, forgetting: Double) throws {
    let problem = Problem(samples: 200, regressors: 60, outputs: 2)
    func run(_ blockSize: Int) throws -> RecursiveDecoder {
      var decoder = try RecursiveDecoder(
        regressors: 60, outputs: 2, forgetting: forgetting, blockSize: blockSize,
        pool: WorkerPool(threads: 1))
      try learn(problem, &decoder)
      return decoder
    }
    let (one, many) = (try run(1), try run(blockSize))
    #expect(difference(one.weights, many.weights) < 1e-10)
    #expect(difference(try one.correlation.triangle, try many.correlation.triangle) < 1e-10)
    #expect(one.correlation.updates == 200 && many.correlation.updates == 200)
  }

  /// Traces of spikes, followed by their events, against the same numbers without that knowledge; in
  /// the middle the run goes on from what a checkpoint would hold.
  @Test(arguments: [1, 0.995]) func tracksTraces(forgetting: Double) throws {
    let (neurons, decays) = (70, [0.99, 0.8])
    var plain = try RecursiveDecoder(
      regressors: 140, outputs: 2, forgetting: forgetting, blockSize: 1,
      pool: WorkerPool(threads: 1))
    var tracked = try RecursiveDecoder(
      regressors: 140, outputs: 2, forgetting: forgetting, blockSize: 9,
      pool: WorkerPool(threads: 2))
    let traces = AlignedBuffer<Double>(count: plain.rowLength)
    let errors = AlignedBuffer<Double>(count: 2)
    let groups = [0..<neurons, neurons..<2 * neurons]
    try tracked.correlation.track(groups: groups, traces.pointer)
    var stream = RandomStream(seed: 2, stream: "spikes")
    for step in 0..<600 {
      let events = (0..<neurons).filter { _ in stream.bernoulli(0.03) }
      for (group, decay) in zip(groups, decays) {
        for index in group { traces.pointer[index] *= decay }
        for event in events { traces.pointer[group.lowerBound + event] += 1 }
      }
      tracked.correlation.advance(decays: decays, jumps: [1, 1], events: events)
      if step == 300 {
        let (weights, matrix) = (tracked.weights, try tracked.correlation.triangle)
        let updates = tracked.correlation.updates
        tracked = try RecursiveDecoder(
          regressors: 140, outputs: 2, forgetting: forgetting, blockSize: 9,
          pool: WorkerPool(threads: 2))
        tracked.weights = weights
        try tracked.correlation.restore(triangle: matrix, updates: updates)
        try tracked.correlation.track(groups: groups, traces.pointer)
      }
      guard stream.bernoulli(0.5) else { continue }
      for pair in [false, true] {
        (pair ? tracked : plain).predict(traces.pointer, into: errors.pointer)
        errors.pointer[0] -= Double(step % 50) / 50
        errors.pointer[1] -= 1
        if pair {
          try tracked.update(traces.pointer, errors: errors.pointer)
        } else {
          try plain.update(traces.pointer, errors: errors.pointer)
        }
      }
      #expect(difference(plain.weights, tracked.weights) < 1e-10)
    }
    #expect(plain.correlation.updates == tracked.correlation.updates)
    #expect(difference(try plain.correlation.triangle, try tracked.correlation.triangle) < 1e-10)
  }

  @Test func threadsChangeNoBit() throws {
    let problem = Problem(samples: 80, regressors: 300, outputs: 4)
    let results = try [1, 2, 3, 7].map { threads in
      var decoder = try RecursiveDecoder(
        regressors: 300, outputs: 4, blockSize: 16, pool: WorkerPool(threads: threads))
      try learn(problem, &decoder)
      return (decoder.weights, try decoder.correlation.triangle)
    }
    for result in results.dropFirst() {
      #expect(result.0 == results[0].0)
      #expect(result.1 == results[0].1)
    }
  }

  @Test func errorOfASampleShrinks() throws {
    let problem = Problem(samples: 40, regressors: 20, outputs: 2)
    var decoder = try RecursiveDecoder(
      regressors: 20, outputs: 2, forgetting: 0.9, pool: WorkerPool(threads: 1))
    let row = AlignedBuffer<Double>(count: decoder.rowLength)
    let (before, after) = (AlignedBuffer<Double>(count: 2), AlignedBuffer<Double>(count: 2))
    for (regressors, targets) in zip(problem.regressors, problem.targets) {
      for (index, value) in regressors.enumerated() { row.pointer[index] = value }
      decoder.predict(row.pointer, into: before.pointer)
      for index in 0..<2 { before.pointer[index] -= targets[index] }
      let variance = try decoder.update(row.pointer, errors: before.pointer)
      decoder.predict(row.pointer, into: after.pointer)
      for index in 0..<2 {
        let expected = before.pointer[index] * 0.9 / (0.9 + variance)
        #expect(abs(after.pointer[index] - targets[index] - expected) < 1e-10)
      }
    }
  }

  /// Copies of a decoder learn apart.
  @Test func isAValue() throws {
    let problem = Problem(samples: 5, regressors: 12, outputs: 1)
    var decoder = try RecursiveDecoder(
      regressors: 12, outputs: 1, pool: WorkerPool(threads: 1))
    try learn(problem, &decoder)
    let (copy, weights, gain) = (decoder, decoder.weights, decoder.gain)
    let matrix = try copy.correlation.triangle
    try learn(problem, &decoder)
    #expect(copy.weights == weights && copy.gain == gain)
    #expect(try copy.correlation.triangle == matrix)
    #expect(decoder.weights != weights)
  }

  /// A matrix whose diagonal is sound, in the directions along which no sample was taken.
  @Test func definitenessIsLookedForInAllDirections() throws {
    var correlation = try InverseCorrelation(count: 2, pool: WorkerPool(threads: 1))
    try correlation.restore(triangle: [1, 0.5, 1], updates: 3)
    try correlation.requirePositiveDefinite()
    for triangle in [[1, 2, 1], [1, 1, 1], [1, .nan, 1], [1, 0, .infinity]] {
      try correlation.restore(triangle: triangle, updates: 3)
      let error = #expect(throws: LearningError.self) {
        try correlation.requirePositiveDefinite()
      }
      #expect(error?.what.contains("positive definite") == true)
      #expect(error?.isUserMistake == false)
    }
  }

  @Test func lossOfDefinitenessIsReported() throws {
    var decoder = try RecursiveDecoder(
      regressors: 2, outputs: 1, blockSize: 1, pool: WorkerPool(threads: 1))
    try decoder.correlation.restore(triangle: [1, 0, -0.25], updates: 41)
    let row = AlignedBuffer<Double>(count: decoder.rowLength)
    let errors = AlignedBuffer<Double>(count: 1)
    row.pointer[1] = 1
    let error = #expect(throws: LearningError.self) {
      try decoder.update(row.pointer, errors: errors.pointer)
    }
    #expect(error?.place == "recursive least squares, update 42")
    #expect(error?.what.contains("positive definite") == true)
    #expect(error?.what.contains("-0.25") == true)
    // Along the sound direction nothing is seen before the matrix is written.
    (row.pointer[0], row.pointer[1]) = (1, 0)
    let late = #expect(throws: LearningError.self) {
      try decoder.update(row.pointer, errors: errors.pointer)
    }
    #expect(late?.what.contains("regressor 1") == true)
  }

  @Test(arguments: [(0.0, 1.0), (-1, 1), (.infinity, 1), (1, 0), (1, 1.5), (1, .nan)])
  func constantsAreChecked(initialValue: Double, forgetting: Double) {
    #expect(throws: LearningError.self) {
      try RecursiveDecoder(
        regressors: 3, outputs: 1, initialValue: initialValue, forgetting: forgetting,
        pool: WorkerPool(threads: 1))
    }
  }
}
