import Foundation
import SynfireCore

/// Spikes smoothed by the synaptic filters of spiking mode-based networks.
///
/// A spike of step t enters the filtered activity r at step t + 1:
///
///     single:            r[t] = ad r[t-1] + (dt / td) s[t-1]
///     double, context:   h[t] = ar h[t-1] + s[t-1];                  r[t] = ad r[t-1] + (1 - ad) h[t]
///     double, digits:    h[t] = ar h[t-1] + (dt / (td tr)) s[t-1];   r[t] = ad r[t-1] + dt h[t]
///
/// with ad = exp(-dt / td), ar = exp(-dt / tr), zero at the start. Source: Lin and Huang, Phys. Rev.
/// E 110, 024306 (2024); the two normalisations are those of its context and digits programs.
public enum FilteredActivity {
  /// Which of the two published scalings a double exponential filter has.
  public enum Normalization: Sendable, Equatable {
    case context
    case digits
  }

  /// r of the single exponential filter, axes [time, trial, neuron], dimensionless.
  ///
  /// - Parameters:
  ///   - decay: time constant td in seconds.
  ///   - timeStep: dt in seconds.
  /// - Throws: `AnalysisError` for a time that is not positive.
  public static func single(
    of spikes: SpikeTensor, decay: Double, timeStep: Double
  ) throws -> Tensor<Double> {
    try check(["decay": decay, "time step": timeStep])
    let kept = exp(-timeStep / decay)
    let jump = timeStep / decay
    var result = spikes.emptyActivity
    let stride = spikes.trials * spikes.neurons
    for step in 1..<max(1, spikes.steps) {
      for index in step * stride..<(step + 1) * stride {
        result.values[index] = kept * result.values[index - stride]
      }
      for trial in 0..<spikes.trials {
        let start = step * stride + trial * spikes.neurons
        spikes.forEachSpike(step: step - 1, trial: trial) { result.values[start + $0] += jump }
      }
    }
    return result
  }

  /// r of the leaky filter, r_t = a r_{t-1} + (1 - a) s_t with a = exp(-dt / tau), axes [time, trial,
  /// neuron], dimensionless.
  ///
  /// - Parameters:
  ///   - timeConstant: tau in seconds.
  ///   - timeStep: dt in seconds.
  ///   - isNormalized: whether a spike adds 1 - a, not 1.
  /// - Throws: `AnalysisError` if one of them is not above 0.
  public static func leaky(
    of spikes: SpikeTensor, timeConstant: Double, timeStep: Double, isNormalized: Bool = true
  ) throws -> Tensor<Double> {
    try check(["time constant": timeConstant, "time step": timeStep])
    let kept = exp(-timeStep / timeConstant)
    let jump = isNormalized ? 1 - kept : 1
    var result = spikes.emptyActivity
    let stride = spikes.trials * spikes.neurons
    for step in 0..<spikes.steps {
      if step > 0 {
        for index in step * stride..<(step + 1) * stride {
          result.values[index] = kept * result.values[index - stride]
        }
      }
      for trial in 0..<spikes.trials {
        let start = step * stride + trial * spikes.neurons
        spikes.forEachSpike(step: step, trial: trial) { result.values[start + $0] += jump }
      }
    }
    return result
  }

  /// r of the double exponential filter, axes [time, trial, neuron], dimensionless.
  ///
  /// - Parameters:
  ///   - decay: time constant td in seconds.
  ///   - rise: time constant tr in seconds.
  ///   - timeStep: dt in seconds.
  /// - Throws: `AnalysisError` for a time that is not positive.
  public static func double(
    of spikes: SpikeTensor, decay: Double, rise: Double, timeStep: Double,
    normalization: Normalization
  ) throws -> Tensor<Double> {
    try check(["decay": decay, "rise": rise, "time step": timeStep])
    let kept = exp(-timeStep / decay)
    let keptRise = exp(-timeStep / rise)
    let (jump, gain): (Double, Double) =
      switch normalization {
      case .context: (1, 1 - kept)
      case .digits: (timeStep / (decay * rise), timeStep)
      }
    var result = spikes.emptyActivity
    let stride = spikes.trials * spikes.neurons
    var rising = [Double](repeating: 0, count: stride)
    for step in 1..<max(1, spikes.steps) {
      for index in rising.indices { rising[index] *= keptRise }
      for trial in 0..<spikes.trials {
        let start = trial * spikes.neurons
        spikes.forEachSpike(step: step - 1, trial: trial) { rising[start + $0] += jump }
      }
      for index in rising.indices {
        let now = step * stride + index
        result.values[now] = kept * result.values[now - stride] + gain * rising[index]
      }
    }
    return result
  }

  private static func check(_ times: [String: Double]) throws {
    for (name, time) in times.sorted(by: { $0.key < $1.key }) where !(time > 0 && time.isFinite) {
      throw AnalysisError(
        "\(time) s is no duration", place: name, remedy: "Give a positive time in seconds.")
    }
  }
}

extension SpikeTensor {
  fileprivate var emptyActivity: Tensor<Double> {
    Tensor(axes: ["time", "trial", "neuron"], shape: [steps, trials, neurons])
  }
}
