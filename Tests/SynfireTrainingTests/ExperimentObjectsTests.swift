import Foundation
import SynfireCore
import SynfireLearning
import SynfireNetworks
import SynfireTasks
import SynfireTraining
import Testing

@Suite struct ExperimentObjectsTests {
  private func experiment(_ name: String, _ overrides: String...) throws -> Experiment {
    try ExperimentLibrary.experiment(
      named: name, overrides: overrides.map { try Override(parsing: $0) })
  }

  private func deviations(_ experiment: Experiment) throws -> [String: Initialization] {
    let pairs = try experiment.makeNetwork().parameterSpecifications.map {
      ($0.name, $0.initialization)
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }

  @Test func theTensorsAreThoseOfTheCard() throws {
    let network = try experiment("smnn/mnist", "neurons=30", "modes=5").makeNetwork()
    let shapes = network.parameterSpecifications.map { "\($0.name) \($0.shape)" }
    #expect(
      shapes == [
        "hidden.input.weights [30, 784]", "hidden.recurrent.inputModes [30, 5]",
        "hidden.recurrent.outputModes [30, 5]", "hidden.recurrent.scores [5]",
        "readout.weights [10, 30]",
      ])
    #expect(network.timeStep == 0.002)
    #expect(network.readout.reduction == .maximumOverTime)
  }

  @Test func initialScalesFollowOverriddenSizes() throws {
    let digits = try deviations(experiment("smnn/mnist", "neurons=400", "modes=4"))
    #expect(digits["hidden.input.weights"] == .normal(deviation: 1 / 28))
    #expect(digits["hidden.recurrent.inputModes"] == .normal(deviation: 0.5))
    #expect(digits["hidden.recurrent.scores"] == .normal(deviation: 0.05))
    #expect(digits["readout.weights"] == .normal(deviation: 1 / 10.0.squareRoot()))
    let context = try deviations(experiment("smnn/context", "neurons=25"))
    #expect(context["hidden.input.weights"] == .normal(deviation: 0.5))
    #expect(context["readout.weights"] == .normal(deviation: 0.2))
  }

  @Test func scoresOfTheRateBaselineCanBeFixed() throws {
    let trained = try experiment("smnn/mnist-rate").makeNetwork()
    #expect(!trained.parameterSpecifications.contains { !$0.isTrainable })
    #expect(!trained.layers[0].isSpiking)
    let fixed = try experiment(
      "smnn/mnist-rate", "scores={initialValue: 1/neurons, trainable: false}")
    let scores = try #require(
      fixed.makeNetwork().parameterSpecifications.first { $0.name == "hidden.recurrent.scores" })
    #expect(scores.initialization == .constant(0.01))
    #expect(!scores.isTrainable)
    #expect(throws: ExperimentError.self) {
      try experiment("smnn/mnist-rate", "scores={initialValue: 1, initialDeviation: 1}")
    }
  }

  @Test(arguments: ["smnn/context", "smnn/context-switch"])
  func aGeneratedTaskCanBeTrainedOn(_ name: String) throws {
    let experiment = try experiment(name, "neurons=16")
    let task = try experiment.makeTask(dataDirectory: nil)
    #expect(task.inputChannels == experiment.task.inputChannels)
    #expect(task.outputs == experiment.task.outputs)
    #expect(task.steps == experiment.task.steps)
    #expect(task.size(of: .test) == nil)
    let batch = try task.batch(.training, index: 0, trials: 8, seed: experiment.seed)
    var rule = try experiment.makeRule(threads: 1)
    let before = rule.parameters
    let metrics = try rule.step(batch)
    // Eight trials whose target is +1 or -1 for 250 steps; an untrained output is near 0.
    #expect(metrics.loss > 30 && metrics.loss < 80)
    #expect(rule.updates == 1)
    #expect(rule.parameters != before)
    #expect(before == (try experiment.makeNetwork().initialParameters(seed: experiment.seed)))
    let evaluation = try rule.evaluate(batch)
    let measured = task.metrics(readout: evaluation.readout, of: batch)
    for metric in experiment.task.metrics { #expect(measured[metric] != nil) }
  }

  @Test func theContextTaskIsThatOfTheFile() throws {
    let task = try experiment("smnn/context", "task.stimulusStart=100", "task.offset=0.25")
      .makeTask(dataDirectory: nil)
    let context = try #require(task as? ContextIntegrationTask)
    #expect(context.stimulus == 100..<250)
    #expect(context.response == 250..<500)
    #expect(context.offset == 0.25)
    #expect(context.noise == 1)
    let switching = try #require(
      experiment("smnn/context-switch").makeTask(dataDirectory: nil) as? ContextSwitchTask)
    #expect(switching.switchProbability == 0.1)
    #expect(switching.switchedSteps == 200)
  }

  private static let data = ProcessInfo.processInfo.environment["SYNFIRE_DATA"]

  @Test(.enabled(if: data != nil, "SYNFIRE_DATA is not set"), arguments: ["mnist", "mnist-rate"])
  func digitsCanBeTrainedOn(_ name: String) throws {
    let experiment = try experiment("smnn/\(name)", "neurons=16", "steps=20")
    let task = try experiment.makeTask(dataDirectory: Self.data)
    #expect(task.size(of: .training) == 58_000)
    #expect(task.size(of: .validation) == 2000)
    #expect(task.size(of: .test) == 10_000)
    let batch = try task.batch(.training, index: 0, trials: 32, seed: experiment.seed)
    #expect(batch.steps == 20)
    var rule = try experiment.makeRule(threads: 1)
    let metrics = try rule.step(batch)
    // The softmax taken twice, of chance: near ln 10.
    #expect(metrics.loss > 2 && metrics.loss < 2.6)
    #expect(metrics.gradientNorm > 0)
  }

  @Test func digitsNeedData() throws {
    #expect(throws: TasksError.self) {
      try experiment("smnn/mnist").makeTask(dataDirectory: "/there/is/no/such/folder")
    }
  }
}
