import CMuJoCo
import SynfireCore

/// A body that moves by the physics of MuJoCo.
///
/// If the engine meets a number that is bad, or too large, in the state, it begins anew by itself; that step
/// has a reward that is not a number, and ends the episode. A control that is not a number moves nothing, by the
/// rules of the engine, and makes the reward of the step not a number.
///
/// A saved state: what MuJoCo integrates from; the observation; how far it has come; steps done.
final class LocomotionEnvironment: Environment {
  let task: Locomotion
  let space: EnvironmentSpace
  let data: MuJoCoData
  var functions: UnsafePointer<synfire_mujoco_engine> { data.model.functions }
  /// What was seen after the last step. Some of it follows from the middle of that step, and could not be
  /// computed from the state.
  let seen: UnsafeMutableBufferPointer<Double>
  var forward = 0.0
  var steps = 0.0
  /// For drawing, so that it changes nothing; made when first wanted.
  var drawing: MuJoCoData?

  /// - Throws: `TasksError` if the model is not the one that the task describes.
  init(_ task: Locomotion, model: MuJoCoModel, place: String) throws {
    let sizes = model.sizes
    guard sizes.positions == task.positions, sizes.velocities == task.velocities,
      sizes.bodies == task.bodies, sizes.controls == task.controls,
      sizes.time_step == task.frameDuration
    else {
      throw TasksError(
        "\(task.model) is not the model of \(task.name): it has \(sizes.positions) positions, "
          + "\(sizes.velocities) velocities, \(sizes.controls) controls, \(sizes.bodies) bodies and steps "
          + "of \(sizes.time_step) s", place: place, remedy: MuJoCoFolder.remedy)
    }
    self.task = task
    space = task.space
    data = try MuJoCoData(model)
    seen = .allocate(capacity: space.observations)
    seen.initialize(repeating: 0)
    begin()
  }

  deinit { seen.deallocate() }

  var positions: UnsafeMutableBufferPointer<Double> {
    UnsafeMutableBufferPointer(start: data.fields.positions, count: task.positions)
  }
  var velocities: UnsafeMutableBufferPointer<Double> {
    UnsafeMutableBufferPointer(start: data.fields.velocities, count: task.velocities)
  }

  func reset(_ randomness: RandomStream) {
    var randomness = randomness
    functions.pointee.reset(data.model.pointer, data.pointer)
    for index in positions.indices { positions[index] += noise(&randomness) }
    for index in velocities.indices { velocities[index] += noise(&randomness) }
    begin()
  }

  private func noise(_ randomness: inout RandomStream) -> Double {
    (2 * randomness.uniform() - 1) * task.resetNoise
  }

  /// Begins an episode from the positions and velocities as they are.
  private func begin() {
    functions.pointee.forward(data.model.pointer, data.pointer)
    look()
    forward = measuredForward
    steps = 0
  }

  func observe(_ observation: UnsafeMutableBufferPointer<Double>) {
    precondition(
      observation.count == seen.count, "an observation has \(seen.count) values")
    _ = observation.update(from: seen)
  }

  func step(_ action: UnsafeBufferPointer<Double>) -> Transition {
    precondition(action.count == task.controls, "an action has \(task.controls) values")
    var effort = 0.0
    for index in action.indices {
      let control = action[index].clipped(to: -task.controlLimit...task.controlLimit)
      data.fields.controls[index] = control
      effort += control * control
    }
    let bad = functions.pointee.step(
      data.model.pointer, data.pointer, Int32(task.frames), needsContactForces ? 1 : 0)
    look()
    let before = forward
    forward = measuredForward
    steps += 1
    let isHealthy = isHealthy && bad == 0
    var reward = task.forwardWeight * ((forward - before) / task.timeStep)
    if isHealthy || task.paysLastStep { reward += task.healthyReward }
    reward -= task.controlWeight * effort + contactCost
    return Transition(
      reward: bad == 0 ? reward : .nan, terminated: !isHealthy,
      truncated: steps >= Double(task.stepLimit))
  }

  /// How far it has come, by the positions that the engine has computed last: those of the center of mass
  /// lag behind the state by a part of a step, in Gymnasium too.
  private var measuredForward: Double {
    guard task.followsCenterOfMass else { return positions[0] }
    let masses = data.model.masses
    var (moment, mass) = (0.0, 0.0)
    for body in masses.indices {
      moment += masses[body] * data.fields.body_centers[3 * body]
      mass += masses[body]
    }
    return moment / mass
  }

  private var isHealthy: Bool {
    let height = positions[task.heightIndex]
    guard task.healthyHeights.lower < height, height < task.healthyHeights.upper else {
      return false
    }
    if task.healthyPitch < .infinity {
      guard abs(positions[task.heightIndex + 1]) < task.healthyPitch else { return false }
    }
    if task.healthyStates < .infinity {
      for index in (task.heightIndex + 1)..<task.positions {
        guard abs(positions[index]) < task.healthyStates else { return false }
      }
      for velocity in velocities {
        guard abs(velocity) < task.healthyStates else { return false }
      }
    }
    return true
  }

  private var contactCost: Double {
    guard task.contactWeight > 0 else { return 0 }
    var sum = 0.0
    for index in 0..<6 * task.bodies {
      let force = data.fields.external_forces[index]
      sum += force * force
    }
    return (task.contactWeight * sum).clipped(to: 0...task.contactCostLimit)
  }

  var forwardPosition: Double? { forward }
}
