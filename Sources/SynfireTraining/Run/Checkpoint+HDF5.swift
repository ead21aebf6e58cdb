import SynfireCore
import SynfireFormats
import SynfireNetworks

extension Checkpoint {
  /// The number of the layout below, in the attribute `formatVersion`.
  static let formatVersion = 1

  /// Writes the checkpoint as an HDF5 file, in one step.
  ///
  /// | path in the file | what |
  /// |---|---|
  /// | `/` | attributes `format`, `formatVersion`, `experiment` |
  /// | `configuration` | the experiment as YAML text |
  /// | `parameters/NAME`, `state/NAME` | tensors, with the attribute `axes` |
  /// | `preciseState/NAME` | the same in double precision, if the rule needs it |
  /// | `carried/training/NAME`, `carried/validation/NAME` | network states, if any are carried |
  /// | `counters` | attributes `batch`, `updates`, `seed`, `seconds`, `isFinished` |
  /// | `metrics/training`, `metrics/validation`, `metrics/test` | a dataset a column |
  /// | `probabilities/NAME` | counts of probabilities in bins from 0 to 1 [row, bin], and `batch` [row] |
  /// | `manifest` | attributes |
  /// | `logs` | the length in bytes of each log file, as attributes |
  ///
  /// - Throws: `FormatsError` if it cannot be written.
  public func write(to path: String) throws {
    try HDF5File.write(to: path) { file in
      try file.setAttribute("format", "synfire run")
      try file.setAttribute("formatVersion", Checkpoint.formatVersion)
      try file.setAttribute("experiment", experiment)
      try file.write(configuration, to: "configuration")
      try file.write(parameters, to: "parameters")
      try file.write(state, to: "state")
      if preciseState.count > 0 { try file.write(preciseState, to: "preciseState") }
      for (name, state) in [("training", trainingState), ("validation", validationState)] {
        if let state { try file.write(state.tensors, to: "carried/\(name)") }
      }
      try file.createGroup("counters")
      try file.setAttribute("batch", batch, of: "counters")
      try file.setAttribute("updates", updates, of: "counters")
      try file.setAttribute("seed", Int(bitPattern: UInt(seed)), of: "counters")
      try file.setAttribute("seconds", seconds, of: "counters")
      try file.setAttribute("isFinished", isFinished, of: "counters")
      try file.write(training, to: "metrics/training")
      try file.write(validation, to: "metrics/validation")
      try file.write(test, to: "metrics/test")
      if !probabilities.isEmpty { try file.write(probabilities.tensors, to: "probabilities") }
      try file.createGroup("manifest")
      for (name, value) in manifest.sorted(by: { $0.key < $1.key }) {
        try file.setAttribute(name, value, of: "manifest")
      }
      try file.createGroup("logs")
      try file.setAttribute("names", logLengths.keys.sorted(), of: "logs")
      for (name, length) in logLengths { try file.setAttribute(name, length, of: "logs") }
      try file.setAttribute("names", manifest.keys.sorted(), of: "manifest")
    }
  }

  /// Reads a checkpoint, after testing that each of its bytes is as it was written.
  ///
  /// - Throws: `FormatsError` if the file is missing, damaged, or no checkpoint.
  public init(contentsOf path: String) throws {
    let file = try HDF5File.open(path)
    defer { file.close() }
    guard case .string("synfire run")? = try file.attribute("format") else {
      throw FormatsError(
        "this HDF5 file is no checkpoint of Synfire", place: path,
        remedy: "name a file that `synfire train` wrote")
    }
    let fields = AttributeReader(file: file, path: path)
    let version = try fields.integer("formatVersion", of: "/")
    guard version == Checkpoint.formatVersion else {
      throw FormatsError(
        "the checkpoint has layout \(version), known is \(Checkpoint.formatVersion)", place: path,
        remedy: "use the version of Synfire that wrote it")
    }
    self.init(
      experiment: try fields.string("experiment", of: "/"),
      configuration: try file.string("configuration"),
      seed: UInt64(UInt(bitPattern: try fields.integer("seed", of: "counters"))),
      parameters: try file.tensors("parameters"), state: try file.tensors("state"))
    if file.exists("preciseState") { preciseState = try file.tensors("preciseState") }
    func state(_ name: String) throws -> NetworkState<Float>? {
      guard file.exists("carried/\(name)") else { return nil }
      return NetworkState(tensors: try file.tensors("carried/\(name)"))
    }
    trainingState = try state("training")
    validationState = try state("validation")
    batch = try fields.integer("batch", of: "counters")
    updates = try fields.integer("updates", of: "counters")
    seconds = try fields.number("seconds", of: "counters")
    isFinished = try fields.boolean("isFinished", of: "counters")
    training = try file.table("metrics/training")
    validation = try file.table("metrics/validation")
    test = try file.table("metrics/test")
    if file.exists("probabilities") {
      probabilities = ProbabilityHistograms(tensors: try file.tensors("probabilities"))
    }
    for name in try fields.strings("names", of: "manifest") {
      manifest[name] = try fields.string(name, of: "manifest")
    }
    for name in try fields.strings("names", of: "logs") {
      logLengths[name] = try fields.integer(name, of: "logs")
    }
  }
}

/// Reads attributes that must be there and of one kind.
private struct AttributeReader {
  let file: HDF5File
  let path: String

  func string(_ name: String, of group: String) throws -> String {
    guard case .string(let value)? = try file.attribute(name, of: group) else {
      throw lacking(name, of: group)
    }
    return value
  }

  func strings(_ name: String, of group: String) throws -> [String] {
    guard case .strings(let value)? = try file.attribute(name, of: group) else {
      throw lacking(name, of: group)
    }
    return value
  }

  func integer(_ name: String, of group: String) throws -> Int {
    guard case .integer(let value)? = try file.attribute(name, of: group) else {
      throw lacking(name, of: group)
    }
    return value
  }

  func number(_ name: String, of group: String) throws -> Double {
    guard case .number(let value)? = try file.attribute(name, of: group) else {
      throw lacking(name, of: group)
    }
    return value
  }

  func boolean(_ name: String, of group: String) throws -> Bool {
    guard case .boolean(let value)? = try file.attribute(name, of: group) else {
      throw lacking(name, of: group)
    }
    return value
  }

  private func lacking(_ name: String, of group: String) -> FormatsError {
    FormatsError(
      "the checkpoint lacks \(name) of \(group)", place: path,
      remedy: "use an earlier checkpoint", kind: .damaged)
  }
}
