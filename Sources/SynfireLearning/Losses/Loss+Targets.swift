import SynfireCore

extension Loss {
  /// Checks that targets are of the kind and shape that the loss and the readout need.
  ///
  /// - Parameter shape: of the readout, [time, trial, output] or [trial, output].
  /// - Throws: `LearningError` naming both shapes.
  package func validate(_ targets: TrialTargets, readoutShape shape: [Int]) throws {
    switch targets {
    case .classes(let labels):
      guard wantsClasses else {
        throw LearningError(
          "the loss \(rawValue) needs target values, but the targets are classes",
          remedy: "Use crossEntropy, or a task whose targets are values.")
      }
      let trials = shape[shape.count - 2]
      guard shape.count == 2 || labels.count != trials else {
        throw LearningError(
          "targets are one class a trial, but the readout is \(shape)",
          remedy: "Use a readout that reduces over time, such as its maximum.")
      }
      guard labels.count == shape.dropLast().reduce(1, *) else {
        throw LearningError("\(labels.count) target classes for a readout of \(shape)")
      }
      // A sequence may have steps or windows without a target; a trial as a whole has one.
      let least = shape.count == 2 ? 0 : TrialTargets.none
      if let wrong = labels.firstIndex(where: { $0 < least || $0 >= shape.last! }) {
        throw LearningError(
          "trial \(wrong % trials) has class \(labels[wrong]), but there are \(shape.last!) outputs"
        )
      }
    case .values(let tensor):
      guard !wantsClasses else {
        throw LearningError(
          "the loss \(rawValue) needs target classes, but the targets are values",
          remedy: "Use rootSumSquares or meanSquaredError.")
      }
      guard tensor.shape == shape else {
        throw LearningError(
          "targets have shape \(tensor.shape), the readout has \(shape)",
          remedy: "Give targets the shape of the readout.")
      }
    }
  }

  /// Loss and dL/d(readout) of a whole readout, in double precision.
  ///
  /// - Parameter rows: steps or windows of each trial that count; nil for all.
  public func evaluate(
    _ readout: Tensor<Double>, _ targets: TrialTargets, rows: [Int]? = nil
  ) throws -> (loss: Double, adjoint: Tensor<Double>) {
    try evaluated(readout, targets, rows: rows)
  }

  /// The same in single precision; the loss is summed in double precision.
  public func evaluate(
    _ readout: Tensor<Float>, _ targets: TrialTargets, rows: [Int]? = nil
  ) throws -> (loss: Double, adjoint: Tensor<Float>) {
    try evaluated(readout, targets, rows: rows)
  }

  private func evaluated<Scalar: TensorScalar>(
    _ readout: Tensor<Scalar>, _ targets: TrialTargets, rows: [Int]?
  ) throws -> (loss: Double, adjoint: Tensor<Scalar>) {
    try validate(targets, readoutShape: readout.shape)
    var adjoint = Tensor<Scalar>(axes: readout.axes, shape: readout.shape)
    let outputs = readout.shape.last!
    let trials = readout.shape[readout.shape.count - 2]
    var sum = 0.0
    readout.values.withUnsafeBufferPointer { values in
      adjoint.values.withUnsafeMutableBufferPointer { adjoint in
        switch targets {
        case .classes(let labels):
          for (trial, label) in labels.enumerated()
          where trial / trials < rows?[trial % trials] ?? .max {
            sum += add(
              logits: values.baseAddress! + trial * outputs, label: label, count: outputs,
              adjoint: adjoint.baseAddress! + trial * outputs)
          }
        case .values(let target):
          let target = target.values.map { Scalar($0) }
          target.withUnsafeBufferPointer { target in
            for start in stride(from: 0, to: readout.count, by: outputs)
            where start / outputs / trials < rows?[start / outputs % trials] ?? .max {
              sum += add(
                outputs: values.baseAddress! + start, targets: target.baseAddress! + start,
                count: outputs, adjoint: adjoint.baseAddress! + start)
            }
          }
        }
      }
    }
    let (loss, factor) = finish(
      sum: sum, targets: targets.count(rows: rows),
      values: rows.map { $0.reduce(0, +) * outputs } ?? readout.count)
    for index in adjoint.values.indices { adjoint.values[index] *= Scalar(factor) }
    return (loss, adjoint)
  }
}

extension TrialTargets {
  /// The targets that there are in those rows of each trial that count; nil counts all.
  func count(rows: [Int]?) -> Int {
    guard let rows else { return count }
    switch self {
    case .classes(let classes):
      return classes.indices.count {
        classes[$0] != Self.none && $0 / rows.count < rows[$0 % rows.count]
      }
    case .values(let tensor): return rows.reduce(0, +) * (tensor.shape.last ?? 0)
    }
  }
}
