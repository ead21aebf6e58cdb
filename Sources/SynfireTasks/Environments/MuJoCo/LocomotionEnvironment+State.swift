import CMuJoCo
import Foundation
import SynfireCore

/// What is seen, kept and drawn.
extension LocomotionEnvironment {
  var needsContactForces: Bool {
    if case .bodies = task.observation { return true }
    return task.contactWeight > 0
  }

  /// Copies what is observed now into `seen`.
  func look() {
    var count = 0
    func append(_ values: UnsafePointer<Double>, _ range: Range<Int>) {
      for index in range { seen[count + index - range.lowerBound] = values[index] }
      count += range.count
    }
    let fields = data.fields
    let skipped = task.observation == .planar ? 1 : 2
    append(fields.positions, skipped..<task.positions)
    append(fields.velocities, 0..<task.velocities)
    switch task.observation {
    case .planar:
      for index in (count - task.velocities)..<count {
        seen[index] = seen[index].clipped(to: -10...10)
      }
    case .coordinates: break
    case .bodies(let withWorld):
      let first = withWorld ? 0 : 1
      append(fields.body_inertias, 10 * first..<10 * task.bodies)
      append(fields.body_velocities, 6 * first..<6 * task.bodies)
      append(fields.actuator_forces, 6 * first..<task.velocities)
      append(fields.external_forces, 6 * first..<6 * task.bodies)
    }
  }

  private var integrated: Int { Int(data.model.sizes.state) }

  var stateCount: Int { integrated + seen.count + 2 }

  func save(_ state: UnsafeMutableBufferPointer<Double>) {
    precondition(state.count == stateCount, "a state has \(stateCount) values")
    functions.pointee.get_state(data.model.pointer, data.pointer, state.baseAddress!)
    _ = UnsafeMutableBufferPointer(rebasing: state[integrated...]).update(from: seen)
    state[state.count - 2] = forward
    state[state.count - 1] = steps
  }

  func restore(_ state: UnsafeBufferPointer<Double>) {
    precondition(state.count == stateCount, "a state has \(stateCount) values")
    functions.pointee.set_state(data.model.pointer, data.pointer, state.baseAddress!)
    _ = seen.update(from: state[integrated..<integrated + seen.count])
    forward = state[state.count - 2]
    steps = state[state.count - 1]
  }

  func segments() -> [BodySegment] {
    guard let drawing = drawing ?? (try? MuJoCoData(data.model)) else { return [] }
    self.drawing = drawing
    drawing.fields.positions.update(from: data.fields.positions, count: task.positions)
    functions.pointee.place(drawing.model.pointer, drawing.pointer)
    return (0..<drawing.model.sizes.geometries).compactMap { geometry in
      var part = synfire_mujoco_segment()
      guard functions.pointee.segment(drawing.model.pointer, drawing.pointer, geometry, &part) != 0
      else { return nil }
      return BodySegment(
        name: part.name.map { String(cString: $0) } ?? "", start: SIMD2(part.start.0, part.start.2),
        end: SIMD2(part.end.0, part.end.2), radius: part.radius)
    }
  }
}
