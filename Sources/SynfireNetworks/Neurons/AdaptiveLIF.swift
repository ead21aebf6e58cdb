import SynfireCore

/// The leaky integrate-and-fire neuron whose threshold rises at each own spike and decays slowly
/// (Bellec, Salaj, Subramoney, Legenstein & Maass 2018).
///
/// One step, in this order (LSNN-official, spiking_models.py; all states start at 0):
///
///     b_t = rho b_{t-1} + (1 - rho) z_{t-1}            rho = exp(-dt / tau_a)
///     A_t = threshold + beta b_t
///     u_t = (v_{t-1} - A_t) / A_t                      before the step's own current
///     z_t = 1 if u_t > 0 and not refractory            strict
///     v_t = alpha v_{t-1} + (1 - alpha) I_t - A_t z_{t-1}     alpha = exp(-dt / tau_m)
///
/// A neuron is refractory in the `refractorySteps` steps after a spike; the mask has no gradient, and the
/// potential goes on integrating. The surrogate derivative is that of z_t by u_t.
///
/// `Convention` has the variants in use: the reset of the paper, which takes z_t, and the model of e-prop
/// (Bellec et al. 2020), which decides by the new potential, scales by the baseline threshold and has
/// neither (1 - alpha) nor (1 - rho). Threshold, beta and the two time constants are one value or one
/// for each neuron, and any of them may be trained.
public struct AdaptiveLIF: NeuronModel, Equatable {
  /// The trainable quantities of a neuron, by the names of their tensors.
  public enum Quantity: String, Sendable, CaseIterable {
    /// Baseline threshold.
    case threshold
    /// beta, 0 for neurons that do not adapt.
    case adaptationStrength
    /// tau_m in seconds.
    case membraneTimeConstant
    /// tau_a in seconds.
    case adaptationTimeConstant
  }

  /// The time step dt, in seconds.
  public var timeStep: Double
  public var membraneTimeConstant: PerNeuron
  public var adaptationTimeConstant: PerNeuron
  public var threshold: PerNeuron
  public var adaptationStrength: PerNeuron
  public var refractorySteps: Int
  public var convention: Convention
  public var surrogate: Surrogate
  /// The quantities that learning rules change.
  public var trained: Set<Quantity>

  /// - Parameters: time constants in seconds, threshold in the unit of the potential; the adaptation
  ///   strength is the rise of the threshold per unit of b.
  public init(
    timeStep: Double, membraneTimeConstant: PerNeuron = 0.020,
    adaptationTimeConstant: PerNeuron, threshold: PerNeuron = 0.01,
    adaptationStrength: PerNeuron, refractorySteps: Int = 0, convention: Convention = .lsnn,
    surrogate: Surrogate = .triangular(dampening: 0.3, width: 1), trained: Set<Quantity> = []
  ) {
    self.timeStep = timeStep
    self.membraneTimeConstant = membraneTimeConstant
    self.adaptationTimeConstant = adaptationTimeConstant
    self.threshold = threshold
    self.adaptationStrength = adaptationStrength
    self.refractorySteps = refractorySteps
    self.convention = convention
    self.surrogate = surrogate
    self.trained = trained
  }

  /// The order and scales of a step, which the sources differ in.
  public struct Convention: Sendable, Equatable, BitwiseCopyable {
    /// Whether z_t comes of v_t, not of v_{t-1}.
    public var spikesFromNewPotential: Bool
    /// Steps from a spike to its reset: 1, or 0, which needs spikes from the previous potential.
    public var resetLag: Int
    /// Whether the reset takes the baseline threshold away, not the adapted one.
    public var resetsByBaseline: Bool
    /// Whether u is a fraction of the baseline threshold, not of the adapted one.
    public var scalesByBaseline: Bool
    /// Whether the current is scaled by 1 - alpha, and the spike in b by 1 - rho.
    public var scalesCurrent: Bool
    public var scalesAdaptation: Bool
    /// Whether the gradient flows through the reset.
    public var differentiatesReset: Bool

    @inlinable @inline(__always)
    public init(
      spikesFromNewPotential: Bool, resetLag: Int, resetsByBaseline: Bool, scalesByBaseline: Bool,
      scalesCurrent: Bool, scalesAdaptation: Bool, differentiatesReset: Bool
    ) {
      self.spikesFromNewPotential = spikesFromNewPotential
      self.resetLag = resetLag
      self.resetsByBaseline = resetsByBaseline
      self.scalesByBaseline = scalesByBaseline
      self.scalesCurrent = scalesCurrent
      self.scalesAdaptation = scalesAdaptation
      self.differentiatesReset = differentiatesReset
    }

    /// That of the published code of LSNN.
    @inlinable @inline(__always)
    public static var lsnn: Convention {
      Convention(
        spikesFromNewPotential: false, resetLag: 1, resetsByBaseline: false,
        scalesByBaseline: false,
        scalesCurrent: true, scalesAdaptation: true, differentiatesReset: true)
    }

    /// That of the paper: the reset takes the spike just emitted.
    @inlinable @inline(__always)
    public static var lsnnPaper: Convention {
      Convention(
        spikesFromNewPotential: false, resetLag: 0, resetsByBaseline: false,
        scalesByBaseline: false,
        scalesCurrent: true, scalesAdaptation: true, differentiatesReset: true)
    }

    /// That of recurrent networks trained in PyTorch (Yin, Corradi & Bohte 2021): the new potential decides,
    /// and the next step resets it by the adapted threshold.
    @inlinable @inline(__always)
    public static var adaptiveSRNN: Convention {
      Convention(
        spikesFromNewPotential: true, resetLag: 1, resetsByBaseline: false, scalesByBaseline: true,
        scalesCurrent: true, scalesAdaptation: true, differentiatesReset: true)
    }

    /// That of eligibility_propagation: thresholds and strengths are to be converted,
    /// threshold / (1 - alpha) and beta (1 - rho) / (1 - alpha), and its n_ref is one more than here.
    @inlinable @inline(__always)
    public static var eprop: Convention {
      Convention(
        spikesFromNewPotential: true, resetLag: 1, resetsByBaseline: true, scalesByBaseline: true,
        scalesCurrent: false, scalesAdaptation: false, differentiatesReset: false)
    }
  }

  public func fast() throws -> AdaptiveLIFKernel<SIMD16<Float>> {
    try validate()
    return AdaptiveLIFKernel(self, smoothed: false)
  }

  public func reference(smoothed: Bool) throws -> AdaptiveLIFKernel<Double> {
    try validate()
    return AdaptiveLIFKernel(self, smoothed: smoothed)
  }

  private func validate() throws {
    let place = "AdaptiveLIF"
    for (name, quantity) in [
      ("membraneTimeConstant", membraneTimeConstant),
      ("adaptationTimeConstant", adaptationTimeConstant),
    ] {
      for value in quantity.values {
        try TimeConstants.validate(timeStep: timeStep, [(name, value)], place: place)
      }
    }
    if let bad = threshold.values.first(where: { !($0 > 0 && $0.isFinite) }) {
      throw NetworkError("the threshold \(bad) is not above 0", place: place)
    }
    if let bad = adaptationStrength.values.first(where: { !($0 >= 0 && $0.isFinite) }) {
      throw NetworkError(
        "the adaptation strength \(bad) is below 0", place: place,
        remedy: "Use 0 for neurons that do not adapt.")
    }
    guard refractorySteps >= 0 else {
      throw NetworkError("\(refractorySteps) refractory steps are fewer than 0", place: place)
    }
    guard (0...1).contains(convention.resetLag),
      convention.resetLag == 1 || !convention.spikesFromNewPotential
    else {
      throw NetworkError(
        "a reset \(convention.resetLag) steps after the spike", place: place,
        remedy: "Use 1, or 0 with spikes decided by the previous potential.")
    }
    try surrogate.validate(place: place)
  }
}

// The order of the kernel's parameters: threshold, beta, alpha, rho.
extension AdaptiveLIF {
  private subscript(quantity: Quantity) -> PerNeuron {
    switch quantity {
    case .threshold: threshold
    case .adaptationStrength: adaptationStrength
    case .membraneTimeConstant: membraneTimeConstant
    case .adaptationTimeConstant: adaptationTimeConstant
    }
  }

  public func specifications(neurons: Int) -> [ParameterSpecification] {
    Quantity.allCases.filter(trained.contains).map { quantity in
      let initialization: Initialization =
        switch self[quantity] {
        case .uniform(let value): .constant(value)
        case .values(let values): .values(values)
        }
      return ParameterSpecification(
        name: quantity.rawValue, axes: ["neuron"], shape: [neurons],
        initialization: initialization)
    }
  }

  public func kernelParameters(
    _ tensors: NamedTensors<Double>, neurons: Int
  ) throws -> [[Double]] {
    try Quantity.allCases.map { quantity in
      let values =
        try tensors[quantity.rawValue]?.values
        ?? self[quantity].expanded(neurons, name: quantity.rawValue)
      switch quantity {
      case .threshold, .adaptationStrength: return values
      case .membraneTimeConstant, .adaptationTimeConstant:
        return values.map { exp(-timeStep / $0) }
      }
    }
  }

  public func gradient(
    ofKernelParameters gradient: [[Double]], _ tensors: NamedTensors<Double>
  ) -> NamedTensors<Double> {
    NamedTensors(
      Quantity.allCases.enumerated().compactMap { index, quantity in
        guard var tensor = tensors[quantity.rawValue] else { return nil }
        for neuron in tensor.values.indices {
          let value = tensor.values[neuron]
          switch quantity {
          case .threshold, .adaptationStrength: tensor.values[neuron] = gradient[index][neuron]
          case .membraneTimeConstant, .adaptationTimeConstant:
            tensor.values[neuron] =
              gradient[index][neuron] * exp(-timeStep / value) * timeStep / (value * value)
          }
        }
        return (quantity.rawValue, tensor)
      })
  }
}
