import Foundation
import SynfireCore
import SynfireFormats
import SynfireNetworks

/// What an experiment consists of: layers, sizes, parameter tensors and the memory of training.
public struct ExperimentSummary {
  public let experiment: Experiment
  public let network: any ParameterizedNetwork
  public let memory: MemoryPlan
  private let populations: [Population]
  private let outputs: Int

  /// What is said of a layer.
  private struct Population {
    let name: String
    let neurons: Int
    let isSpiking: Bool
    let isRecurrent: Bool
    var factors: Int?
  }

  /// - Parameter threads: worker threads, each of which has buffers of its own.
  public init(_ experiment: Experiment, threads: Int) throws {
    if case .custom(let task) = experiment.task { _ = try task.requireFile() }
    self.experiment = experiment
    if let network = try experiment.makeFeedbackNetwork() {
      self.network = network
      memory = MemoryPlan(experiment, network: network)
      outputs = network.outputs
      populations = [
        Population(
          name: "hidden", neurons: network.neurons, isSpiking: network.model.isSpiking,
          isRecurrent: true, factors: network.factors)
      ]
      return
    }
    if let network = try experiment.makeControlNetwork(), let control = experiment.network.control {
      self.network = network
      memory = MemoryPlan(experiment, network: network, threads: threads)
      outputs = experiment.task.outputs
      populations = [
        Population(
          name: "hidden", neurons: control.neurons, isSpiking: control.kind.isSpiking,
          isRecurrent: true)
      ]
      return
    }
    let network = try experiment.makeNetwork()
    self.network = network
    memory = try MemoryPlan(experiment, network: network, threads: threads)
    outputs = network.readout.outputs
    populations = network.layers.map { layer in
      Population(
        name: layer.name, neurons: layer.neurons, isSpiking: layer.isSpiking,
        isRecurrent: !layer.recurrent.isEmpty)
    }
  }

  /// The number of parameters that are trained.
  public var trainedParameters: Int { network.trainedParameters }

  /// The object of `synfire describe --json`.
  public var json: [String: JSONValue] {
    let layers = populations.map { layer -> JSONValue in
      var object: [String: JSONValue] = [
        "name": .string(layer.name), "neurons": .integer(layer.neurons),
        "spiking": .boolean(layer.isSpiking), "recurrent": .boolean(layer.isRecurrent),
      ]
      if let factors = layer.factors { object["factors"] = .integer(factors) }
      return .object(object)
    }
    let parameters = network.parameterSpecifications.map { specification -> JSONValue in
      [
        "name": .string(specification.name), "axes": .array(specification.axes.map { .string($0) }),
        "shape": .array(specification.shape.map { .integer($0) }),
        "trainable": .boolean(specification.isTrainable),
      ]
    }
    return [
      "experiment": .string(experiment.name), "purpose": .string(experiment.purpose),
      "seed": .integer(Int(experiment.seed)), "timeStep": .number(experiment.timeStep),
      "steps": .integer(experiment.task.steps), "inputs": .integer(experiment.task.inputChannels),
      "outputs": .integer(outputs), "layers": .array(layers),
      "parameters": .array(parameters), "trainedParameters": .integer(trainedParameters),
      "batches": .integer(experiment.training.batches),
      "trialsPerBatch": .integer(experiment.training.trialsPerBatch),
      "updatesPerBatch": .integer(experiment.training.updatesPerBatch),
      "memory": .object(
        Dictionary(uniqueKeysWithValues: memory.parts.map { ($0.key, .integer($0.bytes)) })
          .merging([
            "total": .integer(memory.total), "limit": memory.limit.map { .integer($0) } ?? .null,
            "segments": memory.tape.map { .integer($0.segments) } ?? .null,
            "segmentSteps": memory.tape.map { .integer($0.segmentSteps) } ?? .null,
          ]) { $1 }),
      "shortcuts": .object(
        Dictionary(uniqueKeysWithValues: experiment.shortcuts.map { ($0.key, .string($0.value)) })),
    ]
  }

  /// The steps of a trial, in words.
  private var time: String {
    let steps = "steps of \(experiment.timeStep * 1000) ms"
    guard let control = experiment.network.control else {
      return "\(experiment.task.steps) \(steps)"
    }
    let outer =
      if case .control(let task) = experiment.task {
        "\(task.stepLimit) steps of \(task.space.name), \(task.space.timeStep * 1000) ms each"
      } else {
        "\(experiment.task.steps) \(experiment.task.steps == 1 ? "step" : "steps") of the task"
      }
    let each = control.binSteps > 1 ? "every \(control.binSteps)" : "each"
    return control.kind.isSpiking
      ? "\(outer), with \(control.neuron.subSteps) \(steps) of the network in \(each)"
      : control.binSteps > 1 ? "\(outer), with one of the network in \(each)" : outer
  }

  /// The text of `synfire describe`.
  public var text: String {
    let training = experiment.training
    var lines = [
      "\(experiment.name)  \(experiment.purpose)", "",
      "time        \(time)",
      "inputs      \(experiment.task.inputChannels)",
    ]
    for layer in populations {
      let kind = layer.isSpiking ? "spiking neurons" : "rate units"
      let loops =
        layer.factors.map { ", \($0) factors fed back" } ?? (layer.isRecurrent ? ", recurrent" : "")
      lines.append("layer       \(layer.name): \(layer.neurons) \(kind)\(loops)")
    }
    lines += [
      "outputs     \(outputs)",
      "training    \(training.batches) batches of \(training.trialsPerBatch) trials, "
        + "\(training.updatesPerBatch) \(training.updatesPerBatch == 1 ? "update" : "updates") on each",
      "", "parameters  \(trainedParameters) trained",
    ]
    let specifications = network.parameterSpecifications
    let width = specifications.map(\.name.count).max() ?? 0
    for specification in specifications {
      let name = specification.name.padding(toLength: width + 2, withPad: " ", startingAt: 0)
      let axes = zip(specification.axes, specification.shape).map { "\($0) \($1)" }
      lines.append(
        "  \(name)[\(axes.joined(separator: ", "))]\(specification.isTrainable ? "" : "  fixed")")
    }
    let limit = memory.limit.map { ", allowed are \(MemoryPlan.text($0))" } ?? ""
    lines += [
      "", "memory      about \(MemoryPlan.text(memory.total)) in training\(limit); \(memory.cut)",
    ]
    for part in memory.parts {
      let name = part.name.padding(toLength: 34, withPad: " ", startingAt: 0)
      lines.append("  \(name)\(MemoryPlan.text(part.bytes))")
    }
    if !experiment.shortcuts.isEmpty {
      lines += ["", "short keys for --set"]
      lines += experiment.shortcuts.map { "  \($0.key)=\($0.value)" }
    }
    return lines.joined(separator: "\n")
  }
}
