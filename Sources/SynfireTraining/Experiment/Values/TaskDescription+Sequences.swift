import SynfireTasks

/// MNIST shown pixel by pixel (Bellec et al. 2018; `lsnn.md` 4.1).
public struct SequentialImageTaskDescription: Sendable, Equatable {
  /// Steps for which each pixel is shown.
  public let stepsPerPixel: Int
  public let encoding: SequentialMNISTTask.Encoding
  /// How many training images are set aside for validation.
  public let validationImages: Int

  static let side = 28

  /// Steps of a row of pixels, of which a trial is a whole number.
  public var windowSteps: Int { Self.side * stepsPerPixel }
  /// Windows of the image and of the cue, which has two.
  public var windows: Int { encoding == .analog ? Self.side : Self.side + 2 }
  public var channels: Int { encoding == .analog ? 1 : ThresholdCrossingEncoder.channels }
}

/// Storing and recalling of values (Bellec et al. 2018; `lsnn.md` 4.2).
public struct StoreRecallTaskDescription: Sendable, Equatable {
  public let slots: Int
  public let stepsPerSlot: Int
  /// The probability that a slot is a command where one may be.
  public let commandProbability: Double
  /// The probability that the value shown after a STORE is the wrong one.
  public let flipProbability: Double
  public let neuronsPerPopulation: Int
  /// The probability of a spike in one step of an input neuron that is on.
  public let spikeProbability: Double
}

extension SequentialImageTaskDescription {
  init(from mapping: ConfigurationMapping) throws {
    stepsPerPixel = try mapping.value("stepsPerPixel", default: "1") {
      try $0.integer(in: 1...1000)
    }
    encoding = try mapping.value("encoding", default: "threshold-crossing") { try $0.choice() }
    validationImages = try mapping.value("validationImages", default: "5000") {
      try $0.integer(in: 0...50_000)
    }
  }
}

extension StoreRecallTaskDescription {
  init(from mapping: ConfigurationMapping, timeStep: Double) throws {
    let slots = try mapping.value("slots", default: "12") { try $0.integer(in: 3...1000) }
    let (duration, steps) = try mapping.value("slotDuration", default: "200 ms") {
      try $0.wholeSteps(timeStep: timeStep, in: 1...(1_000_000 / slots))
    }
    let delay = try mapping.value("expectedDelay", default: "1200 ms") { try $0.time(.positive) }
    // A command comes after 1 / p slots on average, of which the first is its own.
    commandProbability = 1 / (1 + delay / duration)
    guard StoreRecallTask.canDraw(slots: slots, commandProbability: commandProbability) else {
      throw mapping.rejected(
        "expectedDelay",
        "hardly any sequence of \(slots) slots has each STORE followed by a value and answered by"
          + " a RECALL",
        remedy: "bring expectedDelay nearer to a few slots of \(duration.inMilliseconds)")
    }
    self.slots = slots
    stepsPerSlot = steps
    flipProbability = try mapping.value("flipProbability", default: "0.5") { try $0.fraction() }
    neuronsPerPopulation = try mapping.value("neuronsPerPopulation", default: "25") {
      try $0.integer(in: 1...100_000)
    }
    spikeProbability = try mapping.value("firingRate", default: "50 Hz") {
      try $0.spikesPerStep(timeStep: timeStep)
    }
  }
}

extension ConfigurationScalar {
  /// A time that is a whole number of time steps.
  func wholeSteps(timeStep: Double, in range: ClosedRange<Int>) throws -> (
    seconds: Double, steps: Int
  ) {
    let seconds = try time(.positive)
    let steps = (seconds / timeStep).rounded()
    guard steps >= 1, abs(seconds / timeStep - steps) < 1e-6 * steps else {
      throw rejected(
        "\(text) is not a whole number of time steps of \(timeStep.inMilliseconds)",
        remedy: "change it, or timeStep")
    }
    guard steps >= Double(range.lowerBound) else {
      throw rejected(
        "\(text) is less than \(range.lowerBound) time steps of \(timeStep.inMilliseconds)",
        remedy: "lengthen it")
    }
    guard steps <= Double(range.upperBound) else {
      throw rejected(
        "\(text) is more than \(range.upperBound) time steps of \(timeStep.inMilliseconds)",
        remedy: "shorten it")
    }
    return (seconds, Int(steps))
  }
}
