import Foundation
import SynfireAnalysis
import SynfireCore
import Testing

struct ModeSpaceTests {
  private let modes = Tensor<Float>(
    axes: ["neuron", "mode"], shape: [3, 2], values: [1, 0, 2, 1, 0, 3])

  @Test func projection() throws {
    let activity = Tensor<Float>(
      axes: ["time", "trial", "neuron"], shape: [1, 2, 3], values: [1, 2, 3, -1, 0, 1])
    let projected = try ModeSpace(modes: modes).project(activity)
    #expect(projected.axes == ["time", "trial", "mode"])
    #expect(projected.values == [5, 11, -1, 3])
    let short = Tensor<Float>(axes: ["trial", "neuron"], shape: [1, 2], repeating: 0)
    #expect(throws: AnalysisError.self) { try ModeSpace(modes: modes).project(short) }
  }

  /// Input along the first neuron, mode (1, 1, 0): what is left of the mode is the second neuron.
  @Test func orthogonalized() throws {
    let input = Tensor<Double>(axes: ["neuron", "channel"], shape: [3, 1], values: [2, 0, 0])
    let modes = Tensor<Double>(
      axes: ["neuron", "mode"], shape: [3, 2], values: [1, 5, 1, 3, 0, 4])
    let space = try ModeSpace(orthogonalizing: modes, against: input)
    for (value, expected) in zip(space.directions.values, [0.0, 1, 0, 0, 0, 1]) {
      #expect(abs(value - expected) < 1e-15)
    }
    #expect(throws: AnalysisError.self) {
      try ModeSpace(orthogonalizing: input.converted(to: Double.self), against: input)
    }
  }

  /// Two classes whose trials end at (0, 0) +- (1, 2) and (10, 0) +- (3, 0).
  @Test func attractors() throws {
    var trajectories = Tensor<Double>(axes: ["time", "trial", "mode"], shape: [4, 4, 2])
    let ends = [[1.0, 2], [-1, -2], [13, 0], [7, 0]]
    for trial in 0..<4 {
      for step in 0..<4 {
        // The last two steps lie on both sides of the end; the first two must not count.
        let offset = step < 2 ? 100 : step == 2 ? 0.5 : -0.5
        for mode in 0..<2 { trajectories[step, trial, mode] = ends[trial][mode] + offset }
      }
    }
    let classes = try TrialClasses(names: ["a", "unused", "b"], ofTrial: [0, 0, 2, 2])
    let attractors = try Attractors(of: trajectories, classes: classes, lastSteps: 2)
    #expect(attractors.names == ["a", "b"])
    #expect(attractors.trials == [2, 2])
    #expect(attractors.centers.values == [0, 0, 10, 0])
    #expect(attractors.deviations.values == [1, 2, 3, 0])
    let closest = try #require(attractors.closest)
    #expect(closest.distance == 10)
    // Along the line deviations are 1, 1, 3, 3; distances from the centres sqrt 5 twice, 3 twice.
    #expect(abs(closest.deviationAlongLine - sqrt(5)) < 1e-14)
    #expect(abs(closest.radius - sqrt(7)) < 1e-14)
    #expect(abs(closest.separation - 10 / sqrt(5)) < 1e-13)
    #expect(abs(closest.conservativeSeparation - 10 / sqrt(7)) < 1e-13)
    #expect(throws: AnalysisError.self) {
      try Attractors(of: trajectories, classes: classes, lastSteps: 5)
    }
  }

  @Test func classes() throws {
    let classes = try TrialClasses(contexts: [0, 0, 1, 1], targets: [1, -1, 1, -1])
    #expect(classes.ofTrial == [0, 1, 2, 3])
    #expect(throws: AnalysisError.self) { try TrialClasses(contexts: [2], targets: [1]) }
    #expect(throws: AnalysisError.self) { try TrialClasses(contexts: [0, 1], targets: [1]) }
  }

  @Test func meanOutput() throws {
    let readout = Tensor<Float>(
      axes: ["time", "trial", "output"], shape: [2, 3, 1], values: [1, 3, 5, 2, 6, 7])
    let classes = try TrialClasses(targets: [1, 1, -1])
    let output = try MeanOutput(of: readout, classes: classes)
    #expect(output.mean.values == [2, 4, 5, 7])
    #expect(output.deviation.values == [1, 2, 0, 0])
    #expect(output.trials == [2, 1])
    #expect(throws: AnalysisError.self) { try MeanOutput(of: readout, output: 1, classes: classes) }
  }
}
