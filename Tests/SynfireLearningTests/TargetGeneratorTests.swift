import Foundation
import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

/// Rate networks that make targets, and how factors are spread over neurons.
@Suite struct TargetGeneratorTests {
  private func generator(
    _ quantity: TargetGenerator.Quantity, units: Int = 30
  ) throws -> TargetGenerator {
    try TargetGenerator(
      model: RateUnit(
        timeStep: 0.001, membraneTimeConstant: 0.010,
        nonlinearity: quantity == .activity ? .drive : .potential),
      units: units, gain: 1.4, channels: 1, driving: 2, records: quantity, leadIn: 60, seed: 2,
      threads: 2)
  }

  private func batch(_ trials: Int) -> TrialBatch {
    let steps = 50
    var inputs = Tensor<Float>(axes: ["time", "trial", "channel"], shape: [steps, trials, 1])
    var targets = Tensor<Float>(axes: ["time", "trial", "output"], shape: [steps, trials, 2])
    for time in 0..<steps {
      for trial in 0..<trials {
        inputs[time, trial, 0] = time < 5 ? 1 : 0
        targets[time, trial, 0] = Float(sin(Double(time) / 8))
        targets[time, trial, 1] = Float(cos(Double(time) / 8))
      }
    }
    return TrialBatch(inputs: .analog(inputs), targets: .values(targets))
  }

  /// The update of the specification, written out with the network's own matrices in `Double`.
  @Test(arguments: TargetGenerator.Quantity.allCases)
  func agreesWithTheEquation(_ quantity: TargetGenerator.Quantity) throws {
    let generator = try generator(quantity)
    let batch = batch(2)
    guard case .analog(let inputs) = batch.inputs, case .values(let targets) = batch.targets else {
      Issue.record("no numbers")
      return
    }
    let recorded = try generator.record(batch)
    let rates = try generator.rates(batch)
    for trial in 0..<2 {
      var x = [Double](repeating: 0, count: 30)
      // 60 steps of the trial before, which has 50, then the trial itself.
      for step in -60..<50 {
        let time = (step + 100) % 50
        let source = step < 0 ? 1 - trial : trial
        let r = quantity == .activity ? x : x.map { tanh($0) }
        for unit in 0..<30 {
          let current =
            (0..<30).reduce(0.0) { $0 + generator.recurrent[unit, $1] * r[$1] }
            + (0..<2).reduce(0.0) {
              $0 + generator.outputs[unit, $1] * Double(targets[time, source, $1])
            }
          if step >= 0 {
            let wanted = quantity == .activity ? r[unit] : current
            #expect(abs(Double(recorded[time, trial, unit]) - wanted) < 2e-5)
          }
          let drive = current + generator.inputs[unit, 0] * Double(inputs[time, source, 0])
          let goal = quantity == .activity ? tanh(drive) : drive
          x[unit] = goal + (x[unit] - goal) * exp(-0.1)
          if step >= 0 {
            let rate = quantity == .activity ? x[unit] : tanh(x[unit])
            #expect(abs(Double(rates[time, trial, unit]) - rate) < 2e-5)
          }
        }
      }
      #expect(x.contains { abs($0) > 0.3 })
    }
  }

  /// A trained network advances once in five steps and holds what it has.
  @Test func trainedNetworks() throws {
    func matrix(_ rows: Int, _ columns: Int, _ name: String) -> Tensor<Double> {
      var stream = RandomStream(seed: 3, stream: name)
      return Tensor(
        axes: ["row", "column"], shape: [rows, columns],
        values: (0..<rows * columns).map { _ in 0.5 * stream.normal() })
    }
    let (recurrent, weights) = (matrix(12, 12, "J"), matrix(12, 3, "u"))
    let generator = try TargetGenerator(
      model: RateUnit(timeStep: 0.005, membraneTimeConstant: 0), recurrent: recurrent,
      inputs: weights, stepsPerUpdate: 5)
    #expect(generator.channels == 1 && generator.taskInputs.shape == [12, 1])
    let batch = batch(1)
    guard case .analog(let inputs) = batch.inputs else {
      Issue.record("no numbers")
      return
    }
    let rates = try generator.record(batch)
    var x = [Double](repeating: 0, count: 12)
    for time in 0..<50 {
      if time % 5 == 0 {
        x = (0..<12).map { unit in
          tanh(
            (0..<12).reduce(0.0) { $0 + recurrent[unit, $1] * x[$1] }
              + weights[unit, 0] * Double(inputs[time, 0, 0]) + weights[unit, 1]
              + (time == 0 ? weights[unit, 2] : 0))
        }
      }
      for unit in 0..<12 { #expect(abs(Double(rates[time, 0, unit]) - x[unit]) < 1e-5) }
    }
    #expect(throws: LearningError.self) {
      try TargetGenerator(
        model: RateUnit(timeStep: 0.005, membraneTimeConstant: 0), recurrent: recurrent,
        inputs: matrix(12, 2, "u"),
        stepsPerUpdate: 5)
    }
  }

  @Test(arguments: TargetGenerator.Quantity.allCases)
  func factorsAreCoordinates(_ quantity: TargetGenerator.Quantity) throws {
    let generator = try generator(quantity)
    // Unit 4 twice, and the difference of two others.
    var components = Tensor<Double>(axes: ["neuron", "component"], shape: [30, 2])
    components[4, 0] = 2
    components[7, 1] = 1
    components[9, 1] = -1
    let batch = batch(2)
    let recorded = try generator.record(batch)
    let factors = try generator.factors(batch, components: components)
    #expect(factors.shape == [50, 2, 2])
    for time in 0..<50 {
      for trial in 0..<2 {
        #expect(abs(factors[time, trial, 0] - 2 * recorded[time, trial, 4]) < 1e-5)
        #expect(
          abs(factors[time, trial, 1] - (recorded[time, trial, 7] - recorded[time, trial, 9]))
            < 1e-5)
      }
    }
    let wrong = Tensor<Double>(axes: ["neuron", "component"], shape: [3, 1])
    #expect(throws: LearningError.self) { try generator.factors(batch, components: wrong) }
  }

  private func gram(_ matrix: Tensor<Double>) -> [[Double]] {
    let (rows, columns) = (matrix.shape[0], matrix.shape[1])
    return (0..<columns).map { a in
      (0..<columns).map { b in
        (0..<rows).reduce(0) { $0 + matrix[$1, a] * matrix[$1, b] }
      }
    }
  }

  @Test func mixingOfGivenFactors() throws {
    let mixing = try FactorMixing(factors: 5, inputs: 2, neurons: 40, gain: 4, seed: 1)
    for (a, row) in gram(mixing.encoders).enumerated() {
      for (b, value) in row.enumerated() { #expect(abs(value - (a == b ? 16 : 0)) < 1e-12) }
    }
    #expect(mixing.inputs.shape == [40, 2])
    #expect(mixing.inputs.values.allSatisfy { abs($0) < 4 })
    #expect(mixing.inputs.values.contains { abs($0) > 3 })
    #expect(throws: CoreError.self) {
      try FactorMixing(factors: 5, inputs: 1, neurons: 4, gain: 1, seed: 1)
    }
  }

  /// Orthonormal columns keep inner products: u^T u = g^2 (J V)^T J V.
  @Test func mixingOfRateUnits() throws {
    func matrix(_ rows: Int, _ columns: Int, _ name: String) -> Tensor<Double> {
      var stream = RandomStream(seed: 6, stream: name)
      return Tensor(
        axes: ["row", "column"], shape: [rows, columns],
        values: (0..<rows * columns).map { _ in stream.normal() })
    }
    let (recurrent, components, inputs) = (
      matrix(12, 12, "J"), matrix(12, 3, "V"), matrix(12, 2, "u")
    )
    let currents = Tensor<Double>(
      axes: ["row", "column"], shape: [12, 3],
      values: (0..<12).flatMap { row in
        (0..<3).map { column in
          (0..<12).reduce(0.0) { $0 + recurrent[row, $1] * components[$1, column] }
        }
      })
    let mixing = try FactorMixing(
      currents: currents, inputs: inputs, neurons: 50, gain: 3, seed: 1)
    for (matrix, expected) in [(mixing.encoders, currents), (mixing.inputs, inputs)] {
      for (row, wanted) in zip(gram(matrix), gram(expected)) {
        for (a, b) in zip(row, wanted) { #expect(abs(a - 9 * b) < 1e-9) }
      }
    }
    // Others beside them, and fewer neurons than units.
    let more = try FactorMixing(
      currents: currents, inputs: inputs, given: (2, 1), neurons: 50, gain: 3, seed: 1)
    #expect(more.encoders.shape == [50, 5] && more.inputs.shape == [50, 3])
    for neuron in 0..<50 { #expect(more.encoders[neuron, 2] == mixing.encoders[neuron, 2]) }
    let extra = gram(more.encoders)
    #expect(abs(extra[3][3] - 9) < 1e-9 && abs(extra[3][4]) < 1e-9)
    let few = try FactorMixing(
      currents: .identity(12), inputs: inputs, neurons: 5, gain: 3, seed: 1)
    for (a, row) in gram(few.encoders.transposed).enumerated() {
      for (b, value) in row.enumerated() { #expect(abs(value - (a == b ? 9 : 0)) < 1e-9) }
    }
  }
}
