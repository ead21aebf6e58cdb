import SynfireCore
import SynfireFormats

/// Targets and inputs that a user recorded or computed, from a file of HDF5, MATLAB, NumPy (`.npz`) or
/// safetensors:
///
/// | array | axes | what |
/// |---|---|---|
/// | `factors` | [trial, time, channel] | factors of a population, which are fed back |
/// | `outputs` | [trial, time, channel] | what the population does |
/// | `inputs` | [trial, time, channel] | what goes into it |
/// | `lengths` | [trial] | samples of each trial, all if it is absent |
/// | `split` | [trial] | 0 trains, 1 validates, 2 tests; every trial does if it is absent |
///
/// At least one of factors and outputs is there. An array of two axes is [time, channel], of one [time]: a
/// single trial, or inputs that are the same in all. What lies past the end of a trial counts for nothing.
public struct CustomTargets: Sendable, Equatable {
  /// What the arrays are called in the file.
  public struct Names: Sendable, Equatable {
    public var factors = "factors"
    public var outputs = "outputs"
    public var inputs = "inputs"
    public var lengths = "lengths"
    public var split = "split"

    public init() {}
  }

  /// The order of the axes in the file; arrays of two axes have them in the same order, without the trial.
  public enum AxisOrder: String, Sendable, CaseIterable {
    case trialTimeChannel, trialChannelTime, timeTrialChannel
    case timeChannelTrial, channelTrialTime, channelTimeTrial
  }

  /// Channels, and samples of the longest trial.
  public struct Sizes: Sendable, Equatable {
    public var factors: Int
    public var outputs: Int
    /// 0 where the file has none.
    public var inputs: Int
    public var samples: Int

    public init(factors: Int, outputs: Int, inputs: Int, samples: Int) {
      self.factors = factors
      self.outputs = outputs
      self.inputs = inputs
      self.samples = samples
    }
  }

  /// Axes [trial, time, channel], 0 past the end of a trial; a group that the file lacks has no channels.
  public let factors: Tensor<Double>
  public let outputs: Tensor<Double>
  /// One trial where all have the same.
  public let inputs: Tensor<Double>
  /// Samples of each trial.
  public let lengths: [Int]
  /// Of each trial; nil where every trial is in every split.
  public let splits: [Split]?

  public var trials: Int { lengths.count }

  public var sizes: Sizes {
    Sizes(
      factors: factors.shape[2], outputs: outputs.shape[2], inputs: inputs.shape[2],
      samples: max(factors.shape[1], outputs.shape[1]))
  }

  /// Reads and checks a file.
  ///
  /// - Parameter order: of the axes; nil takes [trial, time, channel], and refuses what looks like another.
  /// - Throws: `FormatsError` when the file cannot be read or lacks an array that was named, `TasksError` when
  ///   the arrays do not fit each other or cannot be learned.
  public init(_ path: String, names: Names = Names(), order: AxisOrder? = nil) throws {
    let file = try ArrayFile(path)
    let reader = try CustomTargetsReader(file, names: names, order: order)
    let (factors, outputs, inputs) = (reader.factors, reader.outputs, reader.inputs)
    let lengths = try reader.lengths(names)
    splits = try reader.splits(names)
    self.lengths = lengths
    func checked(
      _ tensor: Tensor<Double>?, _ name: String, varies: Bool
    ) throws -> Tensor<Double> {
      guard let tensor else {
        return Tensor(axes: reader.axes, shape: [reader.trials, reader.samples, 0])
      }
      return try Self.checked(tensor, "\(path), \(name)", lengths: lengths, varies: varies)
    }
    self.factors = try checked(factors, names.factors, varies: true)
    self.outputs = try checked(outputs, names.outputs, varies: true)
    self.inputs = try checked(inputs, names.inputs, varies: false)
  }

  /// The root of the mean over time of the sum of squares of all factors, the length of the vector that they
  /// make.
  public var factorAmplitude: Double {
    meanSquares(factors).reduce(0, +).squareRoot()
  }

  /// The root mean square of each output.
  public var outputAmplitudes: [Double] { meanSquares(outputs).map { $0.squareRoot() } }

  /// Of each channel.
  private func meanSquares(_ tensor: Tensor<Double>) -> [Double] {
    let channels = tensor.shape[2]
    var sums = [Double](repeating: 0, count: channels)
    for (index, value) in tensor.values.enumerated() { sums[index % channels] += value * value }
    return sums.map { $0 / Double(lengths.reduce(0, +)) }
  }

  /// The largest magnitude of an input; 0 for none.
  public var inputAmplitude: Double { inputs.values.reduce(0) { max($0, abs($1)) } }

  /// The numbers of the trials of a split.
  public func trials(of split: Split) -> [Int] {
    (0..<trials).filter { splits == nil || splits![$0] == split }
  }

  /// The array with zeros past the ends of trials.
  ///
  /// - Throws: `TasksError` about the first number that is not finite, and about a channel that always has the
  ///   same value where `varies` is wanted.
  private static func checked(
    _ tensor: Tensor<Double>, _ place: String, lengths: [Int], varies: Bool
  ) throws -> Tensor<Double> {
    var result = tensor
    let (trials, samples, channels) = (tensor.shape[0], tensor.shape[1], tensor.shape[2])
    // Inputs that all trials share are as long as the longest.
    let lengths = trials == lengths.count ? lengths : [lengths.max() ?? 0]
    var ranges = [ClosedRange<Double>?](repeating: nil, count: channels)
    for trial in 0..<trials {
      for time in 0..<samples {
        for channel in 0..<channels {
          let index = (trial * samples + time) * channels + channel
          guard time < lengths[trial] else {
            result.values[index] = 0
            continue
          }
          let value = tensor.values[index]
          guard Float(value).isFinite else {
            throw TasksError(
              "\(value) at trial \(trial), time \(time), channel \(channel), counted from 0",
              place: place,
              remedy: value.isFinite
                ? "Such a number is beyond single precision; scale the data."
                : "Fill in what was not measured, or leave the trial out; past the end of a trial"
                  + " that `lengths` cuts anything may stand.")
          }
          let range = ranges[channel] ?? value...value
          ranges[channel] = min(range.lowerBound, value)...max(range.upperBound, value)
        }
      }
    }
    for (channel, range) in ranges.enumerated() {
      guard varies, let range, range.lowerBound == range.upperBound else { continue }
      throw TasksError(
        "channel \(channel), counted from 0, is always \(range.lowerBound)", place: place,
        remedy: "Leave it out: there is nothing to learn, and a constant can be added afterwards.")
    }
    return result
  }
}
