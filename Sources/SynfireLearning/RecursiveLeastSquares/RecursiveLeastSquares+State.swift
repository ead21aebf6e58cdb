import SynfireCore
import SynfireNetworks

extension RecursiveLeastSquares {
  /// w, W and b by the names that the network has for them.
  var learnedTensors: [(String, Tensor<Double>)] {
    let (factors, outputs, weights) = (network.factors, network.outputs, decoder.weights)
    let split = factors * network.regressors
    var result = [
      (
        "factors.decoders",
        Tensor(
          axes: ["factor", "regressor"], shape: [factors, network.regressors],
          values: Array(weights.values[..<split]))
      )
    ]
    if let readout {
      let rows = readout.weights
      result.append(
        (
          "readout.weights",
          Tensor(
            axes: ["output", "factors"], shape: [outputs, factors],
            values: (0..<outputs).flatMap { row in (0..<factors).map { rows[row, $0] } })
        ))
      result.append(
        (
          "readout.bias",
          Tensor(
            axes: ["output"], shape: [outputs], values: (0..<outputs).map { rows[$0, factors] })
        ))
    } else if outputs > 0 {
      result.append(
        (
          "readout.weights",
          Tensor(
            axes: ["output", "traces"], shape: [outputs, network.regressors],
            values: Array(weights.values[split...]))
        ))
    }
    return result
  }

  mutating func setLearnedTensors(_ tensors: NamedTensors<Double>) {
    var values = tensors["factors.decoders"]!.values
    if readout == nil, network.outputs > 0 { values += tensors["readout.weights"]!.values }
    decoder.weights = Tensor(
      axes: ["output", "regressor"], shape: [decoder.outputs, decoder.regressors], values: values)
    guard readout != nil else { return }
    let (weights, bias) = (tensors["readout.weights"]!, tensors["readout.bias"]!)
    readout!.weights = Tensor(
      axes: ["output", "regressor"], shape: [network.outputs, network.factors + 1],
      values: (0..<network.outputs).flatMap { row in
        (0..<network.factors).map { weights[row, $0] } + [bias.values[row]]
      })
  }

  /// What a checkpoint holds in double precision, with which the run goes on to the same bits.
  ///
  /// - Throws: `LearningError` when an inverse correlation is not positive definite any more: no run ends, and
  ///   no checkpoint is kept, with one that is not.
  public var preciseState: NamedTensors<Double> {
    get throws {
      for (_, decoder) in decoders {
        try Self.located("after trial \(trials)") {
          try decoder.correlation.requirePositiveDefinite()
        }
      }
      return try uncheckedState
    }
  }

  private var uncheckedState: NamedTensors<Double> {
    get throws {
      func vector(_ axis: String, _ values: [Double]) -> Tensor<Double> {
        Tensor(axes: [axis], shape: [values.count], values: values)
      }
      var result = run.state
      for (name, decoder) in decoders {
        result["\(name).weights"] = decoder.weights
        result["\(name).updates"] = vector("value", [Double(decoder.correlation.updates)])
        result["\(name).inverseCorrelation"] = vector("element", try decoder.correlation.triangle)
      }
      return result
    }
  }

  public mutating func restore(preciseState: NamedTensors<Double>) throws {
    try run.restore(preciseState, own: uncheckedState, place: "recursive least squares")
    func values(_ name: String) -> [Double] { preciseState[name]!.values }
    func restore(_ name: String, _ decoder: inout RecursiveDecoder) throws {
      decoder.weights = preciseState["\(name).weights"]!
      try decoder.correlation.restore(
        triangle: values("\(name).inverseCorrelation"), updates: Int(values("\(name).updates")[0]))
    }
    try restore("factors", &decoder)
    if readout != nil { try restore("readout", &readout!) }
  }

  private var decoders: [(String, RecursiveDecoder)] {
    [("factors", decoder)] + (readout.map { [("readout", $0)] } ?? [])
  }
}
