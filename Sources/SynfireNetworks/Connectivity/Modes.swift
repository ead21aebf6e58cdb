import SynfireCore

/// Recurrent weights as a sum of P modes, W = Xi_in diag(lambda) Xi_out^T (Lin & Huang 2024):
///
///     W[i, j] = sum over mu of lambda[mu] Xi_in[i, mu] Xi_out[j, mu]
///
/// Tensors: `inputModes` Xi_in [neuron, mode], `outputModes` Xi_out [presynaptic, mode], `scores` lambda
/// [mode].
public struct Modes: Connectivity, Equatable {
  /// P, the number of modes.
  public var count: Int
  public var modeInitialization: Initialization
  public var scoreInitialization: Initialization
  public var trainsScores: Bool

  public init(
    _ count: Int, modeInitialization: Initialization, scoreInitialization: Initialization,
    trainsScores: Bool = true
  ) {
    self.count = count
    self.modeInitialization = modeInitialization
    self.scoreInitialization = scoreInitialization
    self.trainsScores = trainsScores
  }

  public func specifications(presynaptic: Int, postsynaptic: Int) -> [ParameterSpecification] {
    [
      ParameterSpecification(
        name: "inputModes", axes: ["neuron", "mode"], shape: [postsynaptic, count],
        initialization: modeInitialization),
      ParameterSpecification(
        name: "outputModes", axes: ["presynaptic", "mode"], shape: [presynaptic, count],
        initialization: modeInitialization),
      ParameterSpecification(
        name: "scores", axes: ["mode"], shape: [count], initialization: scoreInitialization,
        isTrainable: trainsScores),
    ]
  }

  public func weights(
    _ parameters: NamedTensors<Double>, presynaptic: Int, postsynaptic: Int
  ) -> Tensor<Double> {
    ModeFactors(parameters).weights
  }

  public func gradient(
    ofWeights gradient: Tensor<Double>, _ parameters: NamedTensors<Double>
  ) -> NamedTensors<Double> {
    ModeFactors(parameters).gradient(ofWeights: gradient)
  }

  public func packed(
    _ parameters: NamedTensors<Float>, presynaptic: Int, postsynaptic: Int, spiking: Bool
  ) -> any PackedConnectivity {
    ModeFactors(parameters).packed(presynaptic: presynaptic, spiking: spiking)
  }

  public func suitsTrialLanes(presynaptic: Int, postsynaptic: Int) -> Bool {
    Self.areFew(count, presynaptic: presynaptic)
  }

  /// Whether the factors are cheaper than the matrix.
  static func areFew(_ modes: Int, presynaptic: Int) -> Bool { 8 * modes <= max(presynaptic, 64) }
}

/// The three factors of a mode matrix.
struct ModeFactors<Scalar: TensorScalar>: Sendable {
  let inputModes: Tensor<Scalar>
  let outputModes: Tensor<Scalar>
  let scores: Tensor<Scalar>

  init(inputModes: Tensor<Scalar>, outputModes: Tensor<Scalar>, scores: Tensor<Scalar>) {
    self.inputModes = inputModes
    self.outputModes = outputModes
    self.scores = scores
  }

  init(_ parameters: NamedTensors<Scalar>) {
    self.init(
      inputModes: parameters["inputModes"]!, outputModes: parameters["outputModes"]!,
      scores: parameters["scores"]!)
  }

  var modes: Int { scores.count }

  /// W [neuron, presynaptic].
  var weights: Tensor<Scalar> {
    let (neurons, presynaptic) = (inputModes.shape[0], outputModes.shape[0])
    var result = Tensor<Scalar>(axes: ["neuron", "presynaptic"], shape: [neurons, presynaptic])
    result.values.withUnsafeMutableBufferPointer { weights in
      inputModes.values.withUnsafeBufferPointer { left in
        outputModes.values.withUnsafeBufferPointer { right in
          var scaled = [Scalar](repeating: 0, count: modes)
          for i in 0..<neurons {
            for mode in 0..<modes { scaled[mode] = scores.values[mode] * left[i * modes + mode] }
            for j in 0..<presynaptic {
              var sum: Scalar = 0
              for mode in 0..<modes { sum += scaled[mode] * right[j * modes + mode] }
              weights[i * presynaptic + j] = sum
            }
          }
        }
      }
    }
    return result
  }

  /// From G = dL/dW: dXi_in = G Xi_out diag(lambda), dXi_out = G^T Xi_in diag(lambda),
  /// dlambda[mu] = Xi_in[:, mu]^T G Xi_out[:, mu].
  func gradient(ofWeights gradient: Tensor<Scalar>) -> NamedTensors<Scalar> {
    let (neurons, presynaptic) = (inputModes.shape[0], outputModes.shape[0])
    var left = Tensor<Scalar>(axes: inputModes.axes, shape: inputModes.shape)
    var right = Tensor<Scalar>(axes: outputModes.axes, shape: outputModes.shape)
    var score = Tensor<Scalar>(axes: scores.axes, shape: scores.shape)
    left.values.withUnsafeMutableBufferPointer { left in
      right.values.withUnsafeMutableBufferPointer { right in
        gradient.values.withUnsafeBufferPointer { g in
          inputModes.values.withUnsafeBufferPointer { input in
            outputModes.values.withUnsafeBufferPointer { output in
              for i in 0..<neurons {
                for j in 0..<presynaptic {
                  let weight = g[i * presynaptic + j]
                  for mode in 0..<modes {
                    left[i * modes + mode] += weight * output[j * modes + mode]
                    right[j * modes + mode] += weight * input[i * modes + mode]
                  }
                }
              }
            }
          }
        }
      }
    }
    for i in 0..<neurons {
      for mode in 0..<modes {
        score.values[mode] += inputModes.values[i * modes + mode] * left.values[i * modes + mode]
        left.values[i * modes + mode] *= scores.values[mode]
      }
    }
    for j in 0..<presynaptic {
      for mode in 0..<modes { right.values[j * modes + mode] *= scores.values[mode] }
    }
    return NamedTensors([("inputModes", left), ("outputModes", right), ("scores", score)])
  }
}

extension ModeFactors<Float> {
  /// With few modes the factors are cheaper than the matrix, with many the matrix is; rate units have
  /// no sparse spikes to gain from.
  func packed(presynaptic: Int, spiking: Bool) -> any PackedConnectivity {
    spiking && Modes.areFew(modes, presynaptic: presynaptic)
      ? PackedModes(self)
      : DerivedConnectivity(weights: weights) { gradient(ofWeights: $0) }
  }
}
