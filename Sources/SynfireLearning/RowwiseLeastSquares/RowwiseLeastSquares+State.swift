import SynfireCore
import SynfireNetworks

extension RowwiseLeastSquares {
  /// J, W and b by the names that the network has for them.
  var learnedTensors: [(String, Tensor<Double>)] {
    var result = [("hidden.recurrence", learner.weights)]
    guard let readout else { return result }
    let (rows, width, outputs) = (readout.weights, network.sources, network.outputs)
    result.append(
      (
        "readout.weights",
        Tensor(
          axes: ["output", network.source.rawValue], shape: [outputs, width],
          values: (0..<outputs).flatMap { row in (0..<width).map { rows[row, $0] } })
      ))
    if network.source == .factors {
      result.append(
        (
          "readout.bias",
          Tensor(
            axes: ["output"], shape: [outputs], values: (0..<outputs).map { rows[$0, width] })
        ))
    }
    return result
  }

  mutating func setLearnedTensors(_ tensors: NamedTensors<Double>) {
    learner.weights = tensors["hidden.recurrence"]!
    guard readout != nil else { return }
    let (weights, bias) = (tensors["readout.weights"]!, tensors["readout.bias"])
    readout!.weights = Tensor(
      axes: ["output", "regressor"], shape: [network.outputs, readout!.regressors],
      values: (0..<network.outputs).flatMap { row in
        (0..<network.sources).map { weights[row, $0] } + (bias.map { [$0.values[row]] } ?? [])
      })
  }

  /// What a checkpoint holds in double precision, with which the run goes on to the same bits.
  public var preciseState: NamedTensors<Double> {
    get throws {
      func vector(_ axis: String, _ values: [Double]) -> Tensor<Double> {
        Tensor(axes: [axis], shape: [values.count], values: values)
      }
      var result = run.state
      result["lessons"] = vector("value", [Double(lessons.count), Double(lessons.untilTeacher)])
      for (name, tensor) in try learner.state.pairs { result["recurrence.\(name)"] = tensor }
      if let readout {
        result["readout.weights"] = readout.weights
        result["readout.updates"] = vector("value", [Double(readout.correlation.updates)])
        result["readout.inverseCorrelation"] = vector(
          "element", try readout.correlation.triangle)
      }
      return result
    }
  }

  public mutating func restore(preciseState: NamedTensors<Double>) throws {
    try run.restore(preciseState, own: self.preciseState, place: "least squares by rows")
    func values(_ name: String) -> [Double] { preciseState[name]!.values }
    lessons = Lessons(count: Int(values("lessons")[0]), untilTeacher: Int(values("lessons")[1]))
    try learner.restore(preciseState.under("recurrence"))
    guard readout != nil else { return }
    readout!.weights = preciseState["readout.weights"]!
    try readout!.correlation.restore(
      triangle: values("readout.inverseCorrelation"), updates: Int(values("readout.updates")[0]))
  }
}
