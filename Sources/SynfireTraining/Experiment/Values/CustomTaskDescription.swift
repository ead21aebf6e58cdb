import Foundation
import SynfireTasks

/// Anyone's own targets and inputs, from a file.
///
/// Sizes and scales that the experiment file leaves open are those of the data; the canonical text of the
/// experiment has them as numbers, so that a run is described and gone on with as it was begun.
public struct CustomTaskDescription: Sendable, Equatable {
  /// The whole path of the file; nil before one is named.
  public let path: String?
  public let names: CustomTargets.Names
  public let order: CustomTargets.AxisOrder?
  public let presentation: CustomTask.Presentation
  public let sizes: CustomTargets.Sizes

  public var inputChannels: Int { max(1, sizes.inputs) }
  public var steps: Int { sizes.samples * presentation.stepsPerSample }

  /// What stands for the sizes of data that are not known yet.
  private static let unknownSizes = CustomTargets.Sizes(
    factors: 1, outputs: 1, inputs: 0, samples: 1)
}

extension CustomTaskDescription {
  init(from mapping: ConfigurationMapping, timeStep: Double) throws {
    path = try mapping.optional("targets") {
      URL(fileURLWithPath: try $0.string()).standardizedFileURL.path
    }
    var names = CustomTargets.Names()
    for (key, name) in Self.nameKeys {
      names[keyPath: name] = try mapping.value(key, default: names[keyPath: name]) {
        try $0.string()
      }
    }
    order = try mapping.optional("axes") { try $0.choice() }
    var presentation = CustomTask.Presentation()
    presentation.stepsPerSample = try mapping.value("stepsPerSample", default: "1") {
      try $0.integer(in: 1...1_000_000)
    }
    let factorScale = try mapping.value("factorScale", default: "auto") { try $0.scale() }
    let outputScales: [Double]? =
      mapping.form(of: "outputScale") == .list
      ? try mapping.values("outputScale") { try $0.number(.positive) }
      : try mapping.value("outputScale", default: "auto") { try $0.scale() }.map { [$0] }
    let inputScale = try mapping.value("inputScale", default: "auto") { try $0.scale() }
    presentation.pulse = try mapping.value("pulse", default: "2") { try $0.number(.any) }
    presentation.pulseSteps = try mapping.value("pulseDuration", default: "50 ms") {
      Int((try $0.time(.nonNegative) / timeStep).rounded().clamped(to: 0...1e9))
    }
    let sizes = try mapping.optionalNested("sizes") { try CustomTargets.Sizes(from: $0) }
    self.names = names
    guard let path else {
      (self.presentation, self.sizes) = (presentation, sizes ?? Self.unknownSizes)
      return
    }
    if let sizes, let factorScale, let outputScales, let inputScale {
      (presentation.factorScale, presentation.inputScale) = (factorScale, inputScale)
      presentation.outputScales = try Self.spread(outputScales, over: sizes.outputs, mapping)
      (self.presentation, self.sizes) = (presentation, sizes)
      return
    }
    let targets = try CustomTargets(path, names: names, order: order)
    self.sizes = sizes ?? targets.sizes
    presentation.factorScale = factorScale ?? targets.usualFactorScale
    presentation.inputScale = inputScale ?? targets.usualInputScale
    presentation.outputScales = try Self.spread(
      outputScales ?? targets.usualOutputScales, over: targets.sizes.outputs, mapping)
    self.presentation = presentation
    if targets.sizes.factors > 0 {
      try targets.requireUsableAmplitude(scale: presentation.factorScale, path)
    }
  }

  /// One scale for each output.
  private static func spread(
    _ scales: [Double], over outputs: Int, _ mapping: ConfigurationMapping
  ) throws -> [Double] {
    if scales.count == outputs { return scales }
    guard scales.count == 1 else {
      throw mapping.rejected(
        "outputScale", "\(scales.count) scales for \(outputs) outputs",
        remedy: "give one for each, one for all, or auto")
    }
    return [Double](repeating: scales[0], count: outputs)
  }

  private static let nameKeys: [(String, WritableKeyPath<CustomTargets.Names, String> & Sendable)] =
    [
      ("factorsName", \.factors), ("outputsName", \.outputs), ("inputsName", \.inputs),
      ("lengthsName", \.lengths), ("splitName", \.split),
    ]

  /// The task.
  ///
  /// - Parameter dataDirectory: where the file is looked for, too, if it has gone from its place.
  func task(dataDirectory: String?) throws -> CustomTask {
    let path = try foundPath(dataDirectory)
    let targets = try CustomTargets(path, names: names, order: order)
    guard targets.sizes == sizes else {
      throw TasksError(
        "the data have \(targets.sizes.words), and \(sizes.words) are expected", place: path,
        remedy: "Name the file that was meant with task.targets, or set task.sizes=none.")
    }
    return CustomTask(targets, path: path, presentation: presentation)
  }

  /// - Throws: `TasksError` if no file was named.
  func requireFile() throws -> String {
    guard let path else {
      throw TasksError(
        "no file of targets is named", place: "task.targets",
        remedy:
          "Name one: --set targets=FILE. It is HDF5, .mat or .npz and has factors and outputs "
          + "[trial, time, channel]; `synfire describe rate-to-spike/custom --yaml` says more.")
    }
    return path
  }

  private func foundPath(_ dataDirectory: String?) throws -> String {
    let path = try requireFile()
    if FileManager.default.fileExists(atPath: path) { return path }
    let other = dataDirectory.map { $0 + "/" + URL(fileURLWithPath: path).lastPathComponent }
    if let other, FileManager.default.fileExists(atPath: other) { return other }
    throw TasksError(
      "there is no such file" + (other.map { ", nor \($0)" } ?? ""), place: path,
      remedy: "Put it back there, or name the folder that has it with --data.")
  }

  /// The values that the canonical text has in place of those that the file left open, by key.
  var recorded: [(key: String, value: String)] {
    guard let path else { return [] }
    return [
      ("targets", "'" + path.replacing("'", with: "''") + "'"),
      ("factorScale", "\(presentation.factorScale)"),
      (
        "outputScale",
        "[\(presentation.outputScales.map { "\($0)" }.joined(separator: ", "))]"
      ),
      ("inputScale", "\(presentation.inputScale)"),
      (
        "sizes",
        "{factors: \(sizes.factors), outputs: \(sizes.outputs), inputs: \(sizes.inputs), "
          + "samples: \(sizes.samples)}"
      ),
    ]
  }
}

extension CustomTargets.Sizes {
  fileprivate init(from mapping: ConfigurationMapping) throws {
    func count(_ key: String, _ least: Int) throws -> Int {
      try mapping.value(key) { try $0.integer(in: least...1_000_000_000) }
    }
    self.init(
      factors: try count("factors", 0), outputs: try count("outputs", 0),
      inputs: try count("inputs", 0), samples: try count("samples", 1))
  }

  fileprivate var words: String {
    "\(factors) factors, \(outputs) outputs and \(inputs) inputs at \(samples) samples"
  }
}

extension CustomTargets {
  fileprivate var usualFactorScale: Double {
    sizes.factors == 0 ? 1 : CustomTask.usualFactorAmplitude / factorAmplitude
  }

  /// Where a rate network makes the factors, outputs drive it and are all to be as strong; otherwise they may
  /// have any unit.
  fileprivate var usualOutputScales: [Double] {
    outputAmplitudes.map { sizes.factors > 0 ? 1 : CustomTask.usualOutputAmplitude / $0 }
  }

  fileprivate var usualInputScale: Double {
    inputAmplitude == 0 ? 1 : CustomTask.usualInputAmplitude / inputAmplitude
  }

  /// - Throws: `TasksError` for factors that are so weak or so strong that the network cannot be taught.
  fileprivate func requireUsableAmplitude(scale: Double, _ path: String) throws {
    let ratio = scale * factorAmplitude / CustomTask.usualFactorAmplitude
    guard !(0.1...10).contains(ratio) else { return }
    throw TasksError(
      "factors, as scaled, have a root mean square of \(scale * factorAmplitude), that of the vector "
        + "of all; the network is made for about \(CustomTask.usualFactorAmplitude)",
      place: path, remedy: "Leave task.factorScale at auto, or set it to \(usualFactorScale).")
  }
}

extension ConfigurationScalar {
  /// A positive number; nil for `auto`.
  fileprivate func scale() throws -> Double? { text == "auto" ? nil : try number(.positive) }
}

extension Double {
  fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
    Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
  }
}

extension TaskDescription {
  /// The values of an experiment with those that were found in the data.
  func recorded(in values: ConfigurationNode) throws -> ConfigurationNode {
    guard case .custom(let task) = self else { return values }
    return try task.recorded.reduce(values) { values, entry in
      let node = try ConfigurationNode(yaml: entry.value, file: "").moved(to: values.place)
      return values.replacing(["task", entry.key], by: node) ?? values
    }
  }
}
