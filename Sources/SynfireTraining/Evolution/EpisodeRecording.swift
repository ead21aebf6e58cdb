import SynfireAnalysis
import SynfireCore
import SynfireNetworks
import SynfireTasks

/// What happened in an episode of a trained network in its environment.
public struct EpisodeRecording: Sendable {
  public let space: EnvironmentSpace
  public let episode: Episode
  /// Of each step.
  public let rewards: [Double]
  /// Of each step, in the units of the environment.
  public let actions: [[Double]]
  /// The body at the beginning and after each step.
  public let poses: [BodyPose]
  /// Of every sub-step of the network, axes [time, 1, neuron]; nil where neurons do not spike.
  public let spikes: SpikeTensor?
  /// How many neurons, the first ones, only excite; nil where none do.
  public let excitatoryNeurons: Int?

  /// Runs a test episode of a network without chance: the same one that the test of the run has.
  ///
  /// - Parameters:
  ///   - number: of the test episodes, from 1.
  /// - Throws: `TrainingError` for an experiment that is not about acting in an environment, or an episode that
  ///   its test does not have; `TasksError` where the physics is missing; `NetworkError` for parameters that
  ///   are not the experiment's.
  public init(
    of experiment: Experiment, parameters: NamedTensors<Float>, episode number: Int = 1
  ) throws {
    guard case .control(let control) = experiment.task else {
      throw TrainingError(
        "\(experiment.name) does not act in an environment: there are no episodes to show",
        place: "task.kind", remedy: "name a run of such an experiment as ec/cartpole")
    }
    let most = max(1, experiment.training.testTrials.count ?? 1)
    guard (1...most).contains(number) else {
      throw TrainingError(
        "there is no test episode \(number)", place: experiment.name,
        remedy: most == 1 ? "the only one is 1" : "there are episodes 1 to \(most)")
    }
    let task = try experiment.makeTask(dataDirectory: nil)
    let rule = try experiment.makeRule(for: task, parameters: parameters, threads: 1)
    guard let acting = rule as? any ActingRule else {
      throw TrainingError(
        "the network of \(experiment.name) does not act", place: "network.kind",
        isUserMistake: false)
    }
    let batch = try task.batch(.test, index: 0, trials: number, seed: experiment.seed)
    let recorder = Recorder(control.space)
    try acting.watch(episode: batch.conditions["episode"]![number - 1], observer: recorder.record)
    space = control.space
    episode = recorder.episode
    (rewards, actions, poses) = (recorder.rewards, recorder.actions, recorder.poses)
    (spikes, excitatoryNeurons) = (recorder.spikes, recorder.excitatoryNeurons)
  }

  /// The moving picture of the episode.
  ///
  /// - Parameters:
  ///   - title: what is seen.
  ///   - steps: from one pose that is drawn to the next; nil for as many as make about `perSecond` a second. The
  ///     last pose is drawn in any case.
  ///   - width: in pixels, as the height.
  /// - Throws: `AnalysisError` for a size out of range, or a body whose parts are nowhere.
  public func animation(
    title: String, every steps: Int? = nil, perSecond: Double = 30, width: Int = 640,
    height: Int = 360
  ) throws -> EpisodeAnimation {
    let steps = steps ?? max(1, Int((1 / (perSecond * space.timeStep)).rounded()))
    let last = poses.count - 1
    let drawn = poses.enumerated().filter { $0.offset % steps == 0 || $0.offset == last }
    return try EpisodeAnimation(
      drawn.map(\.element), frameDuration: Double(steps) * space.timeStep, title: title,
      width: width, height: height)
  }
}

/// Keeps what it is shown.
private final class Recorder {
  let space: EnvironmentSpace
  var episode = Episode(total: 0, steps: 0, terminated: false, distance: nil)
  var rewards: [Double] = []
  var actions: [[Double]] = []
  var poses: [BodyPose] = []
  var excitatoryNeurons: Int?
  private var words: [UInt64] = []
  private var shape: (neurons: Int, subSteps: Int)?

  init(_ space: EnvironmentSpace) { self.space = space }

  func record(_ rollout: Rollout, _ network: any Controller) {
    episode = rollout.episode
    poses.append(
      BodyPose(
        time: Double(episode.steps) * space.timeStep, total: episode.total,
        position: rollout.environment.forwardPosition,
        parts: rollout.environment.segments()))
    guard episode.steps > 0 else { return }
    rewards.append(rollout.reward)
    actions.append(Array(rollout.action))
    guard let network = network as? any SpikingController else { return }
    words.append(contentsOf: network.spikes)
    shape = (network.neurons, network.subSteps)
    excitatoryNeurons = network.excitatoryNeurons
  }

  var spikes: SpikeTensor? {
    guard let shape else { return nil }
    var spikes = SpikeTensor(
      steps: shape.subSteps * rewards.count, trials: 1, neurons: shape.neurons)
    precondition(words.count == spikes.words.count, "a controller's spikes have another size")
    spikes.words = words
    return spikes
  }
}
