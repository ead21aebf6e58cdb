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
    let network = try FeedbackNetwork(
      timeStep: 0.001, inputs: 1, neurons: units,
      model: RateUnit(timeStep: 0.001, membraneTimeConstant: 0.010, nonlinearity: .drive),
      input: Dense(.normal(deviation: 0.6)),
      synapses: [
        .init(
          name: "random",
          connectivity: Dense(.normal(deviation: 1.4 / Double(units).squareRoot())), filter: .none)
      ], factors: 2, encoders: .normal(deviation: 0.6))
    return try TargetGenerator(
      network: network, parameters: network.initialParameters(seed: 2).converted(),
      quantity: quantity, initialDeviation: 1, seed: 2)
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

  /// The update of the specification, written out with the network's own matrices.
  @Test(arguments: TargetGenerator.Quantity.allCases)
  func agreesWithTheEquation(_ quantity: TargetGenerator.Quantity) throws {
    var generator = try generator(quantity)
    let parameters = generator.network.initialParameters(seed: 2)
    func value(_ name: String, _ row: Int, _ column: Int) -> Double {
      Double(parameters[name]![row, column])
    }
    let batch = batch(2)
    guard case .analog(let inputs) = batch.inputs, case .values(let targets) = batch.targets else {
      return
    }
    var x = generator.state["neurons"]!.values
    var rates = [Double](repeating: 0, count: 30)
    var rows: [[[Double]]] = [[], []]
    for trial in 0..<2 {
      for time in 0..<50 {
        let currents = (0..<30).map { unit in
          (0..<30).reduce(0.0) {
            $0 + value("hidden.recurrent.random.weights", unit, $1) * rates[$1]
          }
            + (0..<2).reduce(0.0) {
              $0 + value("hidden.encoders", unit, $1) * Double(targets[time, trial, $1])
            }
        }
        rows[trial].append(quantity == .activity ? rates : currents)
        for unit in 0..<30 {
          let drive =
            currents[unit]
            + value("hidden.input.weights", unit, 0) * Double(inputs[time, trial, 0])
          let goal = tanh(drive)
          x[unit] = goal + (x[unit] - goal) * exp(-0.1)
        }
        rates = x
      }
    }
    // A batch of one trial after another goes on where the first ended.
    try generator.run(batch) { time, trial, recorded in
      for unit in 0..<30 { #expect(abs(recorded[unit] - rows[trial][time][unit]) < 1e-12) }
    }
    #expect(rates.contains { abs($0) > 0.3 })
  }

  @Test func teachesFactors() throws {
    var (first, second) = (try generator(.activity), try generator(.activity))
    // Unit 4 twice, and the difference of two others.
    var components = Tensor<Double>(axes: ["neuron", "component"], shape: [30, 2])
    components[4, 0] = 2
    components[7, 1] = 1
    components[9, 1] = -1
    let batch = batch(2)
    let taught = try first.teach(batch, components: components)
    guard case .values(let targets) = taught.targets, case .values(let wanted) = batch.targets
    else { return }
    #expect(targets.shape == [50, 2, 4])
    try second.run(batch) { time, trial, recorded in
      #expect(abs(Double(targets[time, trial, 0]) - 2 * recorded[4]) < 1e-6)
      #expect(abs(Double(targets[time, trial, 1]) - (recorded[7] - recorded[9])) < 1e-6)
      #expect(targets[time, trial, 2] == wanted[time, trial, 0])
      #expect(targets[time, trial, 3] == wanted[time, trial, 1])
    }
    #expect(first.state == second.state)
    let wrong = Tensor<Double>(axes: ["neuron", "component"], shape: [3, 1])
    #expect(throws: LearningError.self) { try first.teach(batch, components: wrong) }
  }

  @Test func spikingNetworksMakeNoTargets() throws {
    let network = try FeedbackNetwork(
      timeStep: 0.001, inputs: 1, neurons: 3, model: DeepResetLIF(timeStep: 0.001),
      input: Dense(.constant(1)), factors: 1)
    #expect(throws: LearningError.self) {
      try TargetGenerator(
        network: network, parameters: network.initialParameters(seed: 0).converted(),
        quantity: .activity)
    }
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
    let mixing = try FactorMixing(
      recurrent: recurrent, components: components, inputs: inputs, neurons: 50, gain: 3, seed: 1)
    let currents = Tensor<Double>(
      axes: ["row", "column"], shape: [12, 3],
      values: (0..<12).flatMap { row in
        (0..<3).map { column in
          (0..<12).reduce(0.0) { $0 + recurrent[row, $1] * components[$1, column] }
        }
      })
    for (matrix, expected) in [(mixing.encoders, currents), (mixing.inputs, inputs)] {
      for (row, wanted) in zip(gram(matrix), gram(expected)) {
        for (a, b) in zip(row, wanted) { #expect(abs(a - 9 * b) < 1e-9) }
      }
    }
    let direct = try FactorMixing(
      components: currents, inputs: inputs, neurons: 50, gain: 3, seed: 1)
    for (a, b) in zip(direct.encoders.values, mixing.encoders.values) { #expect(abs(a - b) < 1e-9) }
  }
}
