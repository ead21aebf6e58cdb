import SynfireCore
import SynfireFormats
import SynfireNetworks

/// Parameters of a network in a file: safetensors, npz or HDF5, a checkpoint of a run included.
///
/// Names and axes are those that `synfire describe` lists, such as `hidden.input.weights`
/// [neuron, channel], the order of PyTorch's `Linear`.
public enum ParameterFile {
  /// Reads parameters and checks that they are those of the network.
  ///
  /// - Throws: `FormatsError` if the file cannot be read, `TrainingError` that lists every tensor
  ///   that is missing, extra, misshapen or not finite.
  public static func read<Scalar: TensorScalar>(
    _ path: String, for network: any ParameterizedNetwork, as _: Scalar.Type = Scalar.self
  ) throws -> NamedTensors<Scalar> {
    var found: NamedTensors<Scalar> = try TensorFile.read(path)
    do {
      try network.validate(found)
    } catch let error as NetworkError {
      throw TrainingError(error.what, place: path, remedy: error.remedy)
    }
    // In the order of the network, with its names of the axes.
    var ordered = NamedTensors<Scalar>()
    for specification in network.parameterSpecifications {
      let values = found[specification.name]!.values
      ordered[specification.name] = Tensor(
        axes: specification.axes, shape: specification.shape, values: values)
      found[specification.name] = nil
    }
    return ordered
  }
}
