import Foundation
import SynfireAnalysis
import SynfireCore

/// Data that look like those of a trained network, for figures.
enum SyntheticData {
  static let timeStep = 0.002

  /// 250 steps of 60 neurons that fire at different rates, faster in the second half.
  static var spikes: SpikeTensor {
    var random = RandomStream(seed: 1, stream: "test spikes")
    var spikes = SpikeTensor(steps: 250, trials: 3, neurons: 60)
    for step in 0..<250 {
      for trial in 0..<3 {
        for neuron in 0..<60 {
          let rate = 60 * pow(Double(neuron) / 59, 2) * (step < 125 ? 0.5 : 1)
          if random.bernoulli(rate * timeStep) { spikes[step, trial, neuron] = true }
        }
      }
    }
    return spikes
  }

  /// Potentials that climb to a random level and fall to 0 after a spike.
  static func potentials(of spikes: SpikeTensor) -> Tensor<Float> {
    var random = RandomStream(seed: 2, stream: "test potentials")
    var result = Tensor<Float>(
      axes: ["time", "trial", "neuron"], shape: [spikes.steps, spikes.trials, spikes.neurons])
    for trial in 0..<spikes.trials {
      for neuron in 0..<spikes.neurons {
        var value: Float = 0
        for step in 0..<spikes.steps {
          value = spikes[step, trial, neuron] ? 1.4 : min(0.98, 0.93 * value + 0.06)
          value += Float(0.05 * random.normal())
          result[step, trial, neuron] = value
          if spikes[step, trial, neuron] { value = 0 }
        }
      }
    }
    return result
  }

  static let centers = [
    [0.751, 1.076, 0.606], [-0.84, -1.614, 0.575], [1.58, 0.719, 1.507], [-0.459, -0.804, 0.113],
  ]

  /// 40 trials of 200 steps that go from the origin to the attractor of their class.
  static var trajectories: Tensor<Double> {
    var random = RandomStream(seed: 3, stream: "test trajectories")
    var result = Tensor<Double>(axes: ["time", "trial", "mode"], shape: [200, 40, 3])
    for trial in 0..<40 {
      let start = (0..<3).map { _ in 0.1 * random.normal() }
      for step in 0..<200 {
        let part = 1 / (1 + exp(-Double(step - 90) / 15))
        for mode in 0..<3 {
          let wobble = 0.04 * sin(Double(step * (mode + 2)) / 9 + Double(trial))
          result[step, trial, mode] =
            part * centers[trial % 4][mode] + (1 - part) * start[mode] + wobble
        }
      }
    }
    return result
  }

  static func classes() throws -> TrialClasses {
    try TrialClasses(
      contexts: (0..<40).map { $0 % 4 / 2 }, targets: (0..<40).map { $0 % 2 == 0 ? 1 : -1 })
  }

  /// One trial that goes to the first attractor and from there to the last.
  static var switched: Tensor<Double> {
    var result = Tensor<Double>(axes: ["time", "trial", "mode"], shape: [200, 1, 3])
    for step in 0..<200 {
      let first = 1 / (1 + exp(-Double(step - 50) / 8))
      let second = 1 / (1 + exp(-Double(step - 145) / 8))
      for mode in 0..<3 {
        result[step, 0, mode] =
          first * (1 - second) * centers[0][mode] + second * centers[3][mode]
          + 0.03 * sin(Double(step) / 5 + Double(mode))
      }
    }
    return result
  }

  /// Loss curves of three seeds that fall from 2.3 to 1.5, at the given speed.
  static func losses(speed: Double) throws -> LearningCurve {
    var random = RandomStream(seed: 4, stream: "test losses")
    return try LearningCurve(
      seeds: (0..<3).map { _ in
        (0..<500).map {
          1.5 + 0.8 * exp(-Double($0) * speed / 80) + 0.02 * random.normal()
        }
      })
  }

  /// Errors of three seeds that fall with the number of neurons.
  static func sweep(_ label: String, level: Double) -> Figure.SweptLine {
    let sizes = [100.0, 200, 400, 800, 1600]
    return Figure.SweptLine(
      label: label, x: sizes,
      results: sizes.map { size in [0.8, 1, 1.3].map { $0 * level * 100 / size } })
  }
}
