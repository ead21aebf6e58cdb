import SynfireCore

/// Context-dependent integration (Mante et al., 2013, as Lin and Huang, 2024, train on it): two noisy
/// streams are shown, a context says which of them counts, and the network answers with the sign of
/// that stream's offset.
///
/// One trial, time in steps:
/// - offsets o_1, o_2 are -`offset` or +`offset`, context c is 1 or 2, each with probability 1/2;
/// - channels 0 and 1 are o_k + `noise` N(0, 1) within `stimulus` and 0 elsewhere; the noise is
///   independent at every step and is not scaled by the time step;
/// - channels 2 and 3 are the context, one-hot, during all steps;
/// - the target is the sign of o_c within `response` and 0 elsewhere.
///
/// Conditions of a trial: `context` (0 or 1), `target` (0: negative, 1: positive), and `offset1`,
/// `offset2` (the sign of each stream, likewise).
public struct ContextIntegrationTask: TrialTask {
  public let name: String
  public let steps: Int
  /// Steps during which the streams are shown.
  public let stimulus: Range<Int>
  /// Steps during which the target is the sign of the relevant stream's offset.
  public let response: Range<Int>
  /// The size of the offsets.
  public let offset: Double
  /// The standard deviation of the noise of one step.
  public let noise: Double
  private let workers: WorkerPool?

  public var inputChannels: Int { 4 }
  public var outputs: Int { 1 }

  /// Creates the task; the defaults are those of Lin and Huang (2024).
  ///
  /// - Parameter workers: threads to share the drawing of noise.
  /// - Throws: `TasksError` if a window is empty or reaches outside the trial, or a size is negative or
  ///   not finite.
  public init(
    steps: Int = 500, stimulus: Range<Int> = 50..<250, response: Range<Int> = 250..<500,
    offset: Double = 0.5, noise: Double = 1, name: String = "context",
    workers: WorkerPool? = nil
  ) throws {
    for (window, label) in [(stimulus, "stimulus"), (response, "response")] {
      guard !window.isEmpty, window.lowerBound >= 0, window.upperBound <= steps else {
        throw TasksError(
          "the \(label) window \(window) is empty or reaches outside the \(steps) steps of a trial",
          place: name, remedy: "Give a window within 0 ..< \(steps).")
      }
    }
    for (value, label) in [(offset, "offset"), (noise, "noise")] {
      guard value.isFinite, value >= 0 else {
        throw TasksError(
          "the \(label) is \(value)", place: name, remedy: "Give a number that is not negative.")
      }
    }
    self.name = name
    self.steps = steps
    self.stimulus = stimulus
    self.response = response
    self.offset = offset
    self.noise = noise
    self.workers = workers
  }

  public func size(of split: Split) -> Int? { nil }

  public func batch(_ split: Split, index: Int, trials: Int, seed: UInt64) throws -> TrialBatch {
    let drawn = try draw(split, index: index, trials: trials, seed: seed)
    return TrialBatch(
      inputs: .analog(inputs(drawn)), targets: .values(targets(drawn)),
      conditions: conditions(drawn))
  }

  /// Mean squared error over all steps and trials; `decisionAccuracy`, the fraction of trials whose
  /// mean output within `response` has the sign of the target (no output at all is wrong).
  public func metrics(readout: Tensor<Float>, of batch: TrialBatch) -> [String: Double] {
    guard let target = batch.conditions["target"] else { return [:] }
    let right = target.indices.filter {
      decides(readout, trial: $0, positive: target[$0] == 1, within: response)
    }
    return [
      "meanSquaredError": meanSquaredError(readout, batch),
      "decisionAccuracy": Double(right.count) / Double(max(1, batch.trials)),
    ]
  }
}

/// What is drawn for the trials of a batch.
struct ContextTrials {
  /// The context, 0 or 1.
  var context: [Int] = []
  /// Whether the offset of each stream is positive.
  var positive: [SIMD2<Int>] = []
  /// One number of [0, 1) a trial, for variants of the task.
  var chance: [Double] = []
  /// [trial, step of the stimulus, stream], standard normal.
  var noise: AlignedBuffer<Float>

  var count: Int { context.count }
}

extension ContextIntegrationTask {
  /// Draws a batch; the trial number `index * trials + k` alone keys what trial `k` is.
  func draw(_ split: Split, index: Int, trials: Int, seed: UInt64) throws -> ContextTrials {
    try checkBatch(name: name, index: index, trials: trials)
    let span = 2 * stimulus.count
    var drawn = ContextTrials(noise: AlignedBuffer(count: trials * span))
    let conditions = RandomStream(seed: seed, stream: "\(name).\(split.rawValue).conditions")
    let noise = RandomStream(seed: seed, stream: "\(name).\(split.rawValue).noise")
    for trial in 0..<trials {
      var stream = conditions.at(step: 0, trial: UInt64(index * trials + trial))
      let bits = stream.next()
      drawn.context.append(Int(bits & 1))
      drawn.positive.append(SIMD2(Int(bits >> 1 & 1), Int(bits >> 2 & 1)))
      drawn.chance.append(stream.uniform())
    }
    let values = drawn.noise
    try TrialShards.forEach(of: trials, workers: workers) { range in
      for trial in range {
        var normals = noise.at(step: 0, trial: UInt64(index * trials + trial))
        normals.fillNormal(
          UnsafeMutableBufferPointer(start: values.pointer + trial * span, count: span))
      }
    }
    return drawn
  }

  /// Axes [time, trial, channel]; the context of trials in `switched` is exchanged from that step on.
  func inputs(_ drawn: ContextTrials, switched: [Bool] = [], from switchStep: Int = .max) -> Tensor<
    Float
  > {
    let trials = drawn.count
    let span = stimulus.count
    let shift = drawn.positive.map {
      SIMD2(Float(2 * $0.x - 1), Float(2 * $0.y - 1)) * Float(offset)
    }
    let scale = Float(noise)
    let values = [Float](unsafeUninitializedCapacity: steps * trials * 4) { buffer, initialized in
      initialized = steps * trials * 4
      guard let base = UnsafeMutableRawPointer(buffer.baseAddress) else { return }
      let normals = UnsafeRawPointer(drawn.noise.pointer)
      for step in 0..<steps {
        let shown = stimulus.contains(step)
        for trial in 0..<trials {
          var streams = SIMD2<Float>()
          if shown {
            let position = (trial * span + step - stimulus.lowerBound) * 8
            let normal = normals.load(fromByteOffset: position, as: SIMD2<Float>.self)
            streams = shift[trial] + scale * normal
          }
          let exchanged = step >= switchStep && switched[trial]
          let second = (drawn.context[trial] == 1) != exchanged
          base.storeBytes(
            of: SIMD4(lowHalf: streams, highHalf: second ? SIMD2(0, 1) : SIMD2(1, 0)),
            toByteOffset: (step * trials + trial) * 16, as: SIMD4<Float>.self)
        }
      }
    }
    return Tensor(axes: ["time", "trial", "channel"], shape: [steps, trials, 4], values: values)
  }

  /// Axes [time, trial, output].
  func targets(_ drawn: ContextTrials) -> Tensor<Float> {
    let trials = drawn.count
    var result = Tensor<Float>(axes: ["time", "trial", "output"], shape: [steps, trials, 1])
    for trial in 0..<trials {
      let sign: Float = drawn.positive[trial][drawn.context[trial]] == 1 ? 1 : -1
      for step in response { result.values[step * trials + trial] = sign }
    }
    return result
  }

  func conditions(_ drawn: ContextTrials) -> [String: [Int]] {
    [
      "context": drawn.context,
      "target": drawn.positive.indices.map { drawn.positive[$0][drawn.context[$0]] },
      "offset1": drawn.positive.map(\.x),
      "offset2": drawn.positive.map(\.y),
    ]
  }
}
