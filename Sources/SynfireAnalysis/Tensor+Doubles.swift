import SynfireCore

extension Tensor {
  /// The elements as `Double`, without a generic conversion an element for the two usual scalars.
  var doubles: [Double] {
    if let same = values as? [Double] { return same }
    if let single = values as? [Float] { return single.map(Double.init) }
    return values.map { Double($0) }
  }

  /// Throws unless the tensor has that many axes, none of them empty, and only finite elements.
  func check(axes count: Int, called name: String) throws {
    guard shape.count == count, !shape.contains(0) else {
      throw AnalysisError(
        "shape \(shape), expected \(count) axes with at least one element each", place: name)
    }
    try checkFinite(called: name)
  }

  /// Throws at the first element that is infinite or not a number.
  func checkFinite(called name: String) throws {
    guard doubles.allSatisfy(\.isFinite) else {
      throw AnalysisError(
        "the element at \(firstNonFinite ?? []) is not finite", place: name,
        remedy: "Analyses need finite numbers; the run that made them diverged.")
    }
  }
}
