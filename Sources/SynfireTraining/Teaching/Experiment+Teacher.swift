import Foundation
import SynfireCore
import SynfireFormats
import SynfireLearning
import SynfireNetworks
import SynfireTasks

extension Experiment {
  /// The experiment with the number of components that its teacher makes, where the file only says how much they
  /// hold; and its task, the data found and checked.
  ///
  /// - Parameter dataDirectory: where data sets are; generated tasks need none.
  /// - Throws: `TasksError` when data are missing or broken, `ExperimentError` when there are more components
  ///   than neurons.
  public func settled(dataDirectory: String?) throws -> (Experiment, any TrialTask) {
    let task = try makeTask(dataDirectory: dataDirectory)
    guard case .holding = teacher?.components, let taught = task as? TaughtTask else {
      return (self, task)
    }
    let count = Override(key: "teacher.components", value: "\(taught.components.shape[1])")
    return (
      try ExperimentFile(text: canonicalYAML, place: name).experiment(overrides: [count]), task
    )
  }

  /// The task with the factors of the teacher.
  func taught(
    _ task: any TrialTask, by teacher: TeacherDescription, dataDirectory: String?, threads: Int
  ) throws -> TaughtTask {
    let generator: TargetGenerator
    var files: [String] = []
    switch teacher.source {
    case .driven(let units):
      let driving = self.task.taught
      generator = try TargetGenerator(
        model: units.model, units: units.units, gain: units.gain, channels: driving.inputs,
        driving: driving.outputs, records: units.records, leadIn: units.leadIn, seed: seed,
        threads: threads)
    case .trained(let run?):
      files = [TargetGenerator.file(run)]
      generator = try TargetGenerator(trainedIn: files[0], task: self.task, threads: threads)
    case .trained(nil):
      files = [try TargetGenerator.publishedFile(in: dataDirectory)]
      generator = try TargetGenerator(publishedIn: files[0], task: self.task, threads: threads)
    }
    return try TaughtTask(
      task, generator: generator, components: teacher.components, trials: teacher.trials,
      removesMean: teacher.removesMean, files: files, seed: seed)
  }
}

extension TaskDescription {
  /// Steps in which a slot of the task is held.
  fileprivate var stepsPerSlot: Int {
    if case .noiseIntegration(let task) = self { task.stepsPerSlot } else { 1 }
  }
}

extension TargetGenerator {
  /// A memoryless unit: the state of each update is the hyperbolic tangent of its drive.
  private static var memoryless: RateUnit { RateUnit(timeStep: 0.01, membraneTimeConstant: 0) }

  /// `backprop_trained_rate_net_params.mat` of the data directory.
  fileprivate static func publishedFile(in directory: String?) throws -> String {
    try DataFiles(
      dataSet: CyclingTask.dataSet, directory: directory,
      origin: "Get it from github.com/briandepasquale/factor-based-spiking-nets, folder "
        + "contextual_integration."
    ).path("backprop_trained_rate_net_params.mat")
  }

  /// The published network of contextual integration.
  fileprivate init(publishedIn path: String, task: TaskDescription, threads: Int) throws {
    let file = try MATLABFile(path)
    let change: Tensor<Double> = try file.tensor("trained_params.change")
    let start: Tensor<Double> = try file.tensor("trained_params.init hiddens")
    let (inputs, units) = (4, TeacherDescription.publishedUnits)
    guard change.shape == [inputs + units + 1, units], start.count == units else {
      throw TrainingError(
        "change and init hiddens do not have the shapes of \(units) units", place: path)
    }
    // Rows of the matrix are what a unit takes from inputs, from units, and its bias, by unit; the initial state acts
    // through the recurrent weights once.
    let recurrent = inputs * units..<(inputs + units) * units
    let weights = Tensor(
      axes: ["from", "to"], shape: [units, units], values: Array(change.values[recurrent])
    ).transposed
    let first = try LinearAlgebra.product(
      weights, Tensor(axes: ["unit", "column"], shape: [units, 1], values: start.values))
    try self.init(
      model: Self.memoryless, recurrent: weights,
      inputs: Tensor(
        axes: ["unit", "input"], shape: [units, 6],
        values: (0..<units).flatMap { unit in
          (0..<inputs).map { change[$0, unit] }
            + [change[inputs + units, unit], first.values[unit]]
        }), stepsPerUpdate: task.stepsPerSlot, threads: threads)
  }

  /// The checkpoint in a run folder, or the file itself.
  fileprivate static func file(_ path: String) -> String {
    let checkpoint = path + "/run.h5"
    return FileManager.default.fileExists(atPath: checkpoint) ? checkpoint : path
  }

  /// A network that `rate-to-spike/contextual-rate` has trained, from a file of its parameters.
  fileprivate init(trainedIn path: String, task: TaskDescription, threads: Int) throws {
    let parameters: NamedTensors<Float> = try TensorFile.read(path)
    guard let inputs = parameters["hidden.input.weights"],
      let recurrent = parameters["hidden.recurrent.weights"], inputs.shape.last == 6
    else {
      throw TrainingError(
        "there are no weights of a rate network for noise-integration", place: path,
        remedy: "name a run of rate-to-spike/contextual-rate")
    }
    try self.init(
      model: Self.memoryless, recurrent: recurrent.converted(), inputs: inputs.converted(),
      stepsPerUpdate: task.stepsPerSlot, threads: threads)
  }
}
