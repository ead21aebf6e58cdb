import SynfireCore

extension Loss {
  /// Checks that targets are of the kind and shape that the loss and the readout need.
  ///
  /// - Parameter shape: of the readout, [time, trial, output] or [trial, output].
  /// - Throws: `LearningError` naming both shapes.
  func validate(_ targets: TrialTargets, readoutShape shape: [Int]) throws {
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
  public func evaluate(
    _ readout: Tensor<Double>, _ targets: TrialTargets
  ) throws -> (loss: Double, adjoint: Tensor<Double>) {
    try validate(targets, readoutShape: readout.shape)
    var adjoint = Tensor<Double>(axes: readout.axes, shape: readout.shape)
    let outputs = readout.shape.last!
    var sum = 0.0
    readout.values.withUnsafeBufferPointer { values in
      adjoint.values.withUnsafeMutableBufferPointer { adjoint in
        switch targets {
        case .classes(let labels):
          for (trial, label) in labels.enumerated() {
            sum += add(
              logits: values.baseAddress! + trial * outputs, label: label, count: outputs,
              adjoint: adjoint.baseAddress! + trial * outputs)
          }
        case .values(let target):
          let target = target.values.map { Double($0) }
          sum = target.withUnsafeBufferPointer {
            add(
              outputs: values.baseAddress!, targets: $0.baseAddress!, count: readout.count,
              adjoint: adjoint.baseAddress!)
          }
        }
      }
    }
    let (loss, factor) = finish(sum: sum, targets: targets.count, values: readout.count)
    for index in adjoint.values.indices { adjoint.values[index] *= factor }
    return (loss, adjoint)
  }
}
