import SynfireCore

extension [ParameterSpecification] {
  /// Checks parameters from outside against what is expected.
  ///
  /// - Throws: `NetworkError` listing every missing, extra, misshapen or non-finite tensor.
  func validate<Scalar: TensorScalar>(_ parameters: NamedTensors<Scalar>) throws {
    var complaints: [String] = []
    for specification in self {
      guard let tensor = parameters[specification.name] else {
        complaints.append("\(specification.name) is missing (shape \(specification.shape))")
        continue
      }
      if tensor.shape != specification.shape {
        complaints.append(
          "\(specification.name) has shape \(tensor.shape) instead of \(specification.shape)")
      } else if let position = tensor.firstNonFinite {
        complaints.append("\(specification.name) is not finite at \(position)")
      }
    }
    for name in parameters.names where !contains(where: { $0.name == name }) {
      complaints.append("\(name) belongs to no part of the network")
    }
    guard complaints.isEmpty else {
      throw NetworkError(
        "the parameters do not fit the network:\n    " + complaints.joined(separator: "\n    "),
        remedy: "`synfire describe` lists the names, axes and shapes that are expected.")
    }
  }
}
