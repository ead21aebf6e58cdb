import SynfireCore
import SynfireNetworks

/// Noise on the currents of a teacher, so that what learns from it meets the deviations that it has to
/// mend: three Ornstein-Uhlenbeck processes, along each factor, of each neuron by itself, and of all neurons
/// together.
///
///     x_0 ~ N(0, 1);    x_n = a x_{n-1} + sqrt(1 - a^2) N(0, 1),    a = exp(-dt / tau)
struct TeacherNoise {
  private var factors: Process
  private var neurons: Process
  private var common: Process
  private var stream: RandomStream
  private let stepper: FeedbackStepper
  private let factorValues: AlignedBuffer<Double>
  private let factorCurrent: AlignedBuffer<Double>

  /// Standard normal numbers that go on smoothly.
  private struct Process {
    let deviation: Double
    let memory: Double
    var values: [Double]

    init(
      _ count: Int, deviation: Double, time: Double, timeStep: Double, _ stream: inout RandomStream
    ) {
      self.deviation = deviation
      memory = exp(-timeStep / time)
      values = (0..<(deviation > 0 ? count : 0)).map { _ in stream.normal() }
    }

    mutating func advance(_ stream: inout RandomStream) {
      let innovation = (1 - memory * memory).squareRoot()
      for index in values.indices {
        values[index] = memory * values[index] + innovation * stream.normal()
      }
    }
  }

  /// - Parameters:
  ///   - trial: whose target factors set the scale.
  ///   - stream: of this trial alone.
  init(
    _ constants: ConstrainedLeastSquares, _ stepper: FeedbackStepper,
    _ presentation: Presentation, trial: Int, stream: RandomStream
  ) {
    let (network, current) = (stepper.network, stepper.makeCurrent())
    var (factorPower, currentPower) = (0.0, 0.0)
    let steps = presentation.steps(ofTrial: trial)
    for time in 0..<steps {
      presentation.take(time, trial: trial)
      for factor in 0..<network.factors {
        factorPower += presentation.target.pointer[factor] * presentation.target.pointer[factor]
      }
      stepper.encode(presentation.target.pointer, into: current)
      currentPower += DoubleRows.dot(
        current.pointer, current.pointer, vectors: current.count / 8)
    }
    let factorScale = (factorPower / Double(max(1, steps * network.factors))).squareRoot()
    let currentScale = (currentPower / Double(max(1, steps * network.neurons))).squareRoot()
    let (times, timeStep) = (ConstrainedLeastSquares.noiseTimes, network.timeStep)
    self.stream = stream
    factors = Process(
      network.factors, deviation: constants.factorNoise * factorScale, time: times.factor,
      timeStep: timeStep, &self.stream)
    neurons = Process(
      network.neurons, deviation: constants.neuronNoise * currentScale, time: times.neuron,
      timeStep: timeStep, &self.stream)
    common = Process(
      1, deviation: constants.commonNoise * currentScale, time: times.common, timeStep: timeStep,
      &self.stream)
    self.stepper = stepper
    factorValues = AlignedBuffer(count: network.factors)
    factorCurrent = current
  }

  /// Adds the noise of the next step.
  mutating func add(to current: AlignedBuffer<Double>) {
    factors.advance(&stream)
    neurons.advance(&stream)
    common.advance(&stream)
    if !factors.values.isEmpty {
      for (factor, value) in factors.values.enumerated() {
        factorValues.pointer[factor] = factors.deviation * value
      }
      stepper.encode(factorValues.pointer, into: factorCurrent)
      DoubleRows.add(
        factorCurrent.pointer, times: 1, to: current.pointer, vectors: current.count / 8)
    }
    for (neuron, value) in neurons.values.enumerated() {
      current.pointer[neuron] += neurons.deviation * value
    }
    guard let shared = common.values.first else { return }
    for neuron in 0..<stepper.network.neurons {
      current.pointer[neuron] += common.deviation * shared
    }
  }
}
