import Foundation
import SynfireCore
import SynfireFormats
import SynfireNetworks

/// What an experiment consists of: layers, sizes, parameter tensors and the memory of training.
public struct ExperimentSummary {
  public let experiment: Experiment
  public let network: Network
  public let memory: MemoryPlan

  /// - Parameter threads: worker threads, each of which has buffers of its own.
  public init(_ experiment: Experiment, threads: Int) throws {
    self.experiment = experiment
    network = try experiment.makeNetwork()
    memory = try MemoryPlan(experiment, network: network, threads: threads)
  }

  /// The number of parameters that are trained.
  public var trainedParameters: Int {
    network.parameterSpecifications.filter(\.isTrainable).reduce(0) {
      $0 + $1.shape.reduce(1, *)
    }
  }

  /// The object of `synfire describe --json`.
  public var json: [String: JSONValue] {
    let layers = network.layers.map { layer -> JSONValue in
      [
        "name": .string(layer.name), "neurons": .integer(layer.neurons),
        "spiking": .boolean(layer.isSpiking), "recurrent": .boolean(layer.recurrent != nil),
      ]
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
      "steps": .integer(experiment.task.steps), "inputs": .integer(network.inputs),
      "outputs": .integer(network.readout.outputs), "layers": .array(layers),
      "parameters": .array(parameters), "trainedParameters": .integer(trainedParameters),
      "batches": .integer(experiment.training.batches),
      "trialsPerBatch": .integer(experiment.training.trialsPerBatch),
      "updatesPerBatch": .integer(experiment.training.updatesPerBatch),
      "memory": .object(
        Dictionary(uniqueKeysWithValues: memory.parts.map { ($0.key, .integer($0.bytes)) })
          .merging([
            "total": .integer(memory.total), "limit": memory.limit.map { .integer($0) } ?? .null,
            "segments": memory.hasTape ? .integer(memory.sweep.segments) : .null,
            "segmentSteps": memory.hasTape ? .integer(memory.sweep.segmentSteps) : .null,
          ]) { $1 }),
      "shortcuts": .object(
        Dictionary(uniqueKeysWithValues: experiment.shortcuts.map { ($0.key, .string($0.value)) })),
    ]
  }

  /// The text of `synfire describe`.
  public var text: String {
    let training = experiment.training
    var lines = [
      "\(experiment.name)  \(experiment.purpose)", "",
      "time        \(experiment.task.steps) steps of \(experiment.timeStep * 1000) ms",
      "inputs      \(network.inputs)",
    ]
    for layer in network.layers {
      let kind = layer.isSpiking ? "spiking neurons" : "rate units"
      let loops = layer.recurrent == nil ? "" : ", recurrent"
      lines.append("layer       \(layer.name): \(layer.neurons) \(kind)\(loops)")
    }
    lines += [
      "outputs     \(network.readout.outputs)",
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
