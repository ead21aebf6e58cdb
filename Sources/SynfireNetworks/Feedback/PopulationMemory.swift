import SynfireCore

/// What a population of neurons computes with in `Double`, by neuron.
public struct PopulationMemory<Kernel: NeuronKernel> where Kernel.Number == Double {
  @usableFromInline let neurons: Int
  @usableFromInline let states: UnsafeMutablePointer<Kernel.State>
  @usableFromInline let parameters: UnsafePointer<Kernel.Parameters>
  @usableFromInline let drives: UnsafePointer<Double>
  @usableFromInline let outputs: UnsafeMutablePointer<Double>

  init(
    neurons: Int, states: UnsafeMutablePointer<Kernel.State>,
    parameters: UnsafePointer<Kernel.Parameters>, drives: UnsafePointer<Double>,
    outputs: UnsafeMutablePointer<Double>
  ) {
    self.neurons = neurons
    self.states = states
    self.parameters = parameters
    self.drives = drives
    self.outputs = outputs
  }
}

extension NeuronModel {
  @inlinable
  public func advance(_ kernel: Reference, _ memory: PopulationMemory<Reference>) {
    for neuron in 0..<memory.neurons {
      memory.outputs[neuron] =
        kernel.step(
          &memory.states[neuron], drive: memory.drives[neuron],
          parameters: memory.parameters[neuron]
        ).output
    }
  }
}

/// A population of neurons in `Double`, whatever their model.
protocol Population: AnyObject {
  /// The numbers of the neurons' states [part, neuron].
  var state: Tensor<Double> { get set }

  /// Writes the outputs of a step, 0 or 1 where they are spikes.
  func step(
    _ drives: UnsafePointer<Double>, into outputs: UnsafeMutablePointer<Double>)
}

/// A population of neurons of one model.
final class ModelPopulation<Model: NeuronModel>: Population {
  private let model: Model
  private let kernel: Model.Reference
  private var states: [Model.Reference.State]
  private let parameters: [Model.Reference.Parameters]

  /// Neurons at rest.
  ///
  /// - Parameter tensors: the neurons' own tensors, by local names.
  init(_ model: Model, neurons: Int, _ tensors: NamedTensors<Double>) throws {
    self.model = model
    kernel = try model.reference(smoothed: false)
    states = [Model.Reference.State](repeating: kernel.initialState, count: neurons)
    let values = try model.kernelParameters(tensors, neurons: neurons)
    parameters = (0..<neurons).map { neuron in
      var parameters = Model.Reference.Parameters()
      withUnsafeMutableBytes(of: &parameters) { bytes in
        for (index, row) in values.enumerated() {
          bytes.storeBytes(of: row[neuron], toByteOffset: index * 8, as: Double.self)
        }
      }
      return parameters
    }
  }

  func step(_ drives: UnsafePointer<Double>, into outputs: UnsafeMutablePointer<Double>) {
    states.withUnsafeMutableBufferPointer { states in
      parameters.withUnsafeBufferPointer { parameters in
        model.advance(
          kernel,
          PopulationMemory(
            neurons: states.count, states: states.baseAddress!,
            parameters: parameters.baseAddress!, drives: drives, outputs: outputs))
      }
    }
  }

  private var parts: Int { MemoryLayout<Model.Reference.State>.stride / 8 }

  var state: Tensor<Double> {
    get {
      var result = Tensor<Double>(axes: ["part", "neuron"], shape: [parts, states.count])
      states.withUnsafeBytes { bytes in
        for (index, value) in bytes.bindMemory(to: Double.self).enumerated() {
          result.values[index % parts * states.count + index / parts] = value
        }
      }
      return result
    }
    set {
      precondition(newValue.shape == [parts, states.count])
      states.withUnsafeMutableBytes { bytes in
        let numbers = bytes.bindMemory(to: Double.self)
        for index in numbers.indices {
          numbers[index] = newValue.values[index % parts * newValue.shape[1] + index / parts]
        }
      }
    }
  }
}

extension NeuronModel {
  /// A population of this model.
  func population(neurons: Int, _ tensors: NamedTensors<Double>) throws -> any Population {
    try ModelPopulation(self, neurons: neurons, tensors)
  }
}
