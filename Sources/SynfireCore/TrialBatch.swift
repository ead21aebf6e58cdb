/// What goes into a network: spikes, or numbers that are multiplied with the input weights.
public enum TrialInputs: Sendable, Equatable {
  case spikes(SpikeTensor)
  /// Axes [time, trial, channel].
  case analog(Tensor<Float>)

  public var steps: Int {
    switch self {
    case .spikes(let spikes): spikes.steps
    case .analog(let tensor): tensor.shape[0]
    }
  }

  public var trials: Int {
    switch self {
    case .spikes(let spikes): spikes.trials
    case .analog(let tensor): tensor.shape[1]
    }
  }

  public var channels: Int {
    switch self {
    case .spikes(let spikes): spikes.neurons
    case .analog(let tensor): tensor.shape[2]
    }
  }
}

/// What a network should answer.
public enum TrialTargets: Sendable, Equatable {
  /// One class a trial, counted from 0; or, for readouts of a sequence, [time, trial] or [window, trial]
  /// flattened, with `none` where there is no target.
  case classes([Int])
  /// Axes [time, trial, output].
  case values(Tensor<Float>)

  /// The class that stands for no target.
  public static let none = -1

  /// The targets that there are: classes, or numbers.
  public var count: Int {
    switch self {
    case .classes(let classes): classes.count { $0 != Self.none }
    case .values(let tensor): tensor.count
    }
  }
}

/// Trials that are presented together.
public struct TrialBatch: Sendable, Equatable {
  public let inputs: TrialInputs
  public let targets: TrialTargets
  /// The experimental condition of each trial (context, class, ...), by name, for analyses.
  public let conditions: [String: [Int]]
  /// Steps of each trial, where they have lengths of their own; nil where all have every step. What inputs
  /// and targets hold past the end of a trial counts for nothing.
  public let lengths: [Int]?

  public init(
    inputs: TrialInputs, targets: TrialTargets, conditions: [String: [Int]] = [:],
    lengths: [Int]? = nil
  ) {
    self.inputs = inputs
    self.targets = targets
    self.conditions = conditions
    self.lengths = lengths
  }

  /// Steps of all trials together.
  public var samples: Int { lengths?.reduce(0, +) ?? steps * trials }

  public var steps: Int { inputs.steps }
  public var trials: Int { inputs.trials }
}
