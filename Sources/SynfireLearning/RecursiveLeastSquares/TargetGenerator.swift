import SynfireCore
import SynfireNetworks

/// A rate network whose activity is what another network is taught (DePasquale et al. 2018, 2023).
///
/// It is a `Network` of one layer of rate units. Its inputs are those of the task, and in a `driven` network
/// the wanted outputs f beside them: such a network needs no training. A `trained` one has learned to make
/// f by itself, by back-propagation for instance.
public struct TargetGenerator: Sendable {
  /// How the network comes to do what is wanted.
  public enum Kind: Sendable, Equatable {
    /// By f as inputs. `leadIn` steps of the trial before, of the last one before the first, come before each
    /// trial, so that the network has forgotten how it began.
    case driven(records: Quantity, leadIn: Int)
    /// By training: each trial starts at rest, and the network advances once in so many steps of the task
    /// and holds its activity in between. Behind the task's inputs it has one that is always 1 and one
    /// that is 1 at its first step.
    case trained(stepsPerUpdate: Int)
  }

  /// What is recorded of a driven network.
  public enum Quantity: String, Sendable, CaseIterable {
    /// The rates before each step, r_{n-1} (DePasquale et al. 2023, reaching).
    case activity
    /// The currents of the recurrent synapses and of f, J r_{n-1} + u_out f_n, without those of the inputs
    /// (full-FORCE).
    case currents
  }

  public let kind: Kind
  /// Channels of the task, and outputs of it that drive the network.
  public let channels: Int
  public let driving: Int
  public let units: Int
  /// J [unit, unit].
  public let recurrent: Tensor<Double>
  /// u_in [unit, channel], with the extra inputs of a trained network behind.
  public let inputs: Tensor<Double>
  /// u_out [unit, output].
  public let outputs: Tensor<Double>
  let model: RateUnit
  let threads: Int

  /// A driven network: J is normal with deviation gain / sqrt(units), u_in and u_out are uniform in (-1, 1).
  ///
  /// - Throws: `LearningError` for sizes that make no sense.
  public init(
    model: RateUnit, units: Int, gain: Double, channels: Int, driving: Int, records: Quantity,
    leadIn: Int, seed: UInt64, threads: Int = 1
  ) throws {
    guard units > 0, channels > 0, driving > 0, leadIn >= 0, gain >= 0 else {
      throw LearningError(
        "\(units) units, \(channels) inputs, \(driving) outputs that drive them, a gain of \(gain) "
          + "and \(leadIn) steps to lead in", place: "target generator")
    }
    func matrix(_ columns: Int, _ name: String, _ draw: (inout RandomStream) -> Double)
      -> Tensor<Double>
    {
      var stream = RandomStream(seed: seed, stream: "target generator \(name)")
      return Tensor(
        axes: ["unit", name], shape: [units, columns],
        values: (0..<units * columns).map { _ in draw(&stream) })
    }
    let deviation = gain / Double(units).squareRoot()
    self.init(
      kind: .driven(records: records, leadIn: leadIn), model: model, channels: channels,
      recurrent: matrix(units, "presynaptic") { deviation * $0.normal() },
      inputs: matrix(channels, "input") { 2 * $0.uniform() - 1 },
      outputs: matrix(driving, "output") { 2 * $0.uniform() - 1 }, threads: threads)
  }

  /// A network that was trained.
  ///
  /// - Parameters:
  ///   - recurrent: J [unit, unit].
  ///   - inputs: [unit, channel], then the weights of the input that is always 1, then of the one that is 1
  ///     at the first step.
  /// - Throws: `LearningError` for matrices that do not fit each other.
  public init(
    model: RateUnit, recurrent: Tensor<Double>, inputs: Tensor<Double>, stepsPerUpdate: Int,
    threads: Int = 1
  ) throws {
    let units = recurrent.shape[0]
    guard recurrent.shape == [units, units], inputs.shape.count == 2, inputs.shape[0] == units,
      inputs.shape[1] > 2, stepsPerUpdate > 0
    else {
      throw LearningError(
        "recurrent weights of shape \(recurrent.shape), input weights of shape \(inputs.shape)",
        place: "target generator", remedy: "Give [unit, unit], and [unit, channel] with two more.")
    }
    self.init(
      kind: .trained(stepsPerUpdate: stepsPerUpdate), model: model,
      channels: inputs.shape[1] - 2, recurrent: recurrent, inputs: inputs,
      outputs: Tensor(axes: ["unit", "output"], shape: [units, 0]), threads: threads)
  }

  private init(
    kind: Kind, model: RateUnit, channels: Int, recurrent: Tensor<Double>, inputs: Tensor<Double>,
    outputs: Tensor<Double>, threads: Int
  ) {
    self.kind = kind
    self.model = model
    self.channels = channels
    driving = outputs.shape[1]
    units = recurrent.shape[0]
    self.recurrent = recurrent
    self.inputs = inputs
    self.outputs = outputs
    self.threads = threads
  }

  /// u_in of the task's own inputs [unit, channel].
  public var taskInputs: Tensor<Double> {
    let width = inputs.shape[1]
    return Tensor(
      axes: ["unit", "input"], shape: [units, channels],
      values: (0..<units).flatMap { inputs.values[$0 * width..<$0 * width + channels] })
  }

  /// Whether what is recorded are currents.
  public var recordsCurrents: Bool {
    if case .driven(.currents, _) = kind { true } else { false }
  }

  /// What is recorded, of each unit [time, trial, unit]; of no meaning behind the end of a trial.
  public func record(_ batch: TrialBatch) throws -> Tensor<Float> {
    try factors(batch, components: .identity(units))
  }

  /// The rates of all units after each step [time, trial, unit]; of no meaning behind the end of a trial.
  public func rates(_ batch: TrialBatch) throws -> Tensor<Float> {
    let presentation = try GeneratorPresentation(batch, of: self)
    return presentation.atSteps(try run(presentation, readout: .identity(units)), shift: 0)
  }

  /// The coordinates of what is recorded along components [unit, factor]: factors [time, trial, factor].
  ///
  /// - Throws: `LearningError` when batch or components do not fit.
  public func factors(_ batch: TrialBatch, components: Tensor<Double>) throws -> Tensor<Float> {
    guard components.shape.count == 2, components.shape[0] == units else {
      throw LearningError(
        "components of shape \(components.shape) for \(units) units", place: "target generator")
    }
    let presentation = try GeneratorPresentation(batch, of: self)
    // Factors are linear in the rates of one step, so that the network itself reads them out.
    let along = components.transposed
    guard case .driven(let quantity, _) = kind else {
      return presentation.atSteps(try run(presentation, readout: along), shift: 0)
    }
    guard quantity == .currents else {
      return presentation.atSteps(try run(presentation, readout: along), shift: 1)
    }
    let read = try run(presentation, readout: LinearAlgebra.product(along, recurrent))
    return presentation.adding(
      try LinearAlgebra.product(along, outputs), to: presentation.atSteps(read, shift: 1))
  }

  /// The readout [time, trial, output] by weights [output, unit] of the rates, lead-in included.
  private func run(
    _ presentation: GeneratorPresentation, readout: Tensor<Double>
  ) throws -> Tensor<Float> {
    let count = readout.shape[0]
    func dense(_ matrix: Tensor<Double>) -> Dense { Dense(.values(matrix.values)) }
    let width = inputs.shape[1] + driving
    let all = Tensor<Double>(
      axes: ["unit", "input"], shape: [units, width],
      values: (0..<units).flatMap { unit in
        (0..<inputs.shape[1]).map { inputs[unit, $0] } + (0..<driving).map { outputs[unit, $0] }
      })
    let network = try Network(
      timeStep: model.timeStep, inputs: width,
      layers: [
        Layer(
          name: "units", neurons: units, model: model, input: Connection(dense(all)),
          recurrent: Connection(dense(recurrent)))
      ],
      readout: Readout(
        outputs: count, connection: Connection(dense(readout)), reduction: .everyStep))
    let rule = try BackpropagationThroughTime(
      network: network, parameters: network.initialParameters(seed: 0), loss: .meanSquaredError,
      optimizer: Optimizer(.gradientDescent(momentum: 0), learningRate: 1), threads: threads)
    let (steps, trials) = (presentation.inputs.shape[0], presentation.inputs.shape[1])
    var result = Tensor<Float>(
      axes: ["time", "trial", "output"], shape: [steps, trials, count])
    // As many trials at a time as keep the activity of all units small.
    let together = min(trials, max(1, Self.activityNumbers / (steps * max(units, count))))
    for first in stride(from: 0, to: trials, by: together) {
      let range = first..<min(first + together, trials)
      let part = try rule.evaluate(
        TrialBatch(
          inputs: .analog(presentation.inputs(of: range)),
          targets: .values(
            Tensor(axes: result.axes, shape: [steps, range.count, count])))
      ).readout
      for step in 0..<steps {
        let (target, source) = ((step * trials + first) * count, step * range.count * count)
        for index in 0..<range.count * count {
          result.values[target + index] = part.values[source + index]
        }
      }
    }
    return result
  }

  /// Rates that are kept at a time.
  private static let activityNumbers = 30_000_000
}
