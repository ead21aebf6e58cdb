import SynfireCore
import SynfireFormats

/// The arrays of a user's file, brought to the axes [trial, time, channel] and compared with each other.
struct CustomTargetsReader {
  let axes = ["trial", "time", "channel"]
  private(set) var factors: Tensor<Double>?
  private(set) var outputs: Tensor<Double>?
  private(set) var inputs: Tensor<Double>?
  private(set) var trials = 0
  private(set) var samples = 0
  private let file: ArrayFile
  private let order: CustomTargets.AxisOrder?

  private static let wanted = "Wanted are [trial, time, channel], or [time, channel] of one trial"
  private static let otherOrder =
    "transpose the array, or name its order of axes, such as task.axes=trial-channel-time"

  init(_ file: ArrayFile, names: CustomTargets.Names, order: CustomTargets.AxisOrder?) throws {
    self.file = file
    self.order = order
    let usual = CustomTargets.Names()
    let raw = (
      factors: try array(names.factors, isNamed: names.factors != usual.factors),
      outputs: try array(names.outputs, isNamed: names.outputs != usual.outputs),
      inputs: try array(names.inputs, isNamed: names.inputs != usual.inputs)
    )
    guard raw.factors != nil || raw.outputs != nil else {
      throw TasksError(
        "there is neither \(names.factors) nor \(names.outputs)", place: file.path,
        remedy: file.listing + " Name yours by task.factorsName and task.outputsName.")
    }
    let shapes = [raw.factors, raw.outputs, raw.inputs].compactMap { $0?.shape }
    factors = try raw.factors.map { try arranged($0, names.factors, beside: shapes) }
    outputs = try raw.outputs.map { try arranged($0, names.outputs, beside: shapes) }
    inputs = try raw.inputs.map { try arranged($0, names.inputs, beside: shapes) }
    let first = (factors ?? outputs)!
    (trials, samples) = (first.shape[0], first.shape[1])
    let firstName = factors == nil ? names.outputs : names.factors
    if factors != nil { try require(outputs, names.outputs, like: firstName) }
    try require(inputs, names.inputs, like: firstName, mayBeShared: true)
  }

  /// The array of a name; nil if the file lacks it and nobody asked for it.
  private func array(_ name: String, isNamed: Bool) throws -> Tensor<Double>? {
    isNamed || file.has(name) ? try file.tensor(name) : nil
  }

  /// The array with the axes [trial, time, channel].
  ///
  /// - Parameter shapes: of all arrays, by which an axis of length 1 that MATLAB dropped is known.
  private func arranged(
    _ tensor: Tensor<Double>, _ name: String, beside shapes: [[Int]]
  ) throws -> Tensor<Double> {
    let order = order ?? .trialTimeChannel
    var shape = tensor.shape
    let hasLostChannel =
      file.isMATLAB && order.axes.last == .channel && shape.count == 2
      && shapes.contains { $0.count == 3 && Array($0[..<2]) == shape }
    if hasLostChannel { shape.append(1) }
    if shape.count == 1 { shape = order.twoAxes.map { $0 == .time ? shape[0] : 1 } }
    guard shape.count == 2 || shape.count == 3 else {
      throw refused(tensor, name, "has \(shape.count) axes", Self.wanted + ".")
    }
    guard !shape.contains(0) else { throw refused(tensor, name, "is empty", Self.wanted + ".") }
    let present = shape.count == 3 ? order.axes : order.twoAxes
    let result = Self.transposed(tensor.values, shape, present, axes)
    // The time of a trial is longer than it has channels, in any data that a network can learn.
    guard self.order != nil || result.shape[1] >= result.shape[2] else {
      throw refused(
        tensor, name, "would have \(result.shape[2]) channels of \(result.shape[1]) samples",
        Self.wanted + ": \(Self.otherOrder); task.axes=trial-time-channel takes it as it is.")
    }
    return result
  }

  private func refused(
    _ tensor: Tensor<Double>, _ name: String, _ what: String, _ remedy: String
  ) -> TasksError {
    TasksError(
      "the array of shape \(tensor.shape) \(what)", place: "\(file.path), \(name)", remedy: remedy)
  }

  private static func transposed(
    _ values: [Double], _ shape: [Int], _ present: [CustomTargets.Axis], _ names: [String]
  ) -> Tensor<Double> {
    var stride = 1
    var lengths: [CustomTargets.Axis: (length: Int, stride: Int)] = [:]
    for (axis, length) in zip(present, shape).reversed() {
      lengths[axis] = (length, stride)
      stride *= length
    }
    let trial = lengths[.trial] ?? (1, 0)
    let (time, channel) = (lengths[.time]!, lengths[.channel]!)
    var result: [Double] = []
    result.reserveCapacity(values.count)
    for i in 0..<trial.length {
      for t in 0..<time.length {
        for c in 0..<channel.length {
          result.append(values[i * trial.stride + t * time.stride + c * channel.stride])
        }
      }
    }
    return Tensor(
      axes: names, shape: [trial.length, time.length, channel.length], values: result)
  }

  /// - Throws: `TasksError` if an array has other trials or samples than the first one.
  private func require(
    _ tensor: Tensor<Double>?, _ name: String, like first: String, mayBeShared: Bool = false
  ) throws {
    guard let shape = tensor?.shape else { return }
    guard shape[1] == samples else {
      throw TasksError(
        "\(name) have \(shape[1]) samples a trial, \(first) \(samples)", place: file.path,
        remedy: "Give both at the same times. If axes are not [trial, time, channel], "
          + Self.otherOrder + ".")
    }
    guard shape[0] == trials || (mayBeShared && shape[0] == 1) else {
      throw TasksError(
        "\(name) have \(shape[0]) trials, \(first) \(trials)", place: file.path,
        remedy: "Give both for the same trials"
          + (mayBeShared ? ", or inputs [time, channel] that all trials share." : "."))
    }
  }

  /// Samples of each trial.
  func lengths(_ names: CustomTargets.Names) throws -> [Int] {
    guard let values = try perTrial(names.lengths, isNamed: names.lengths != "lengths") else {
      return [Int](repeating: samples, count: trials)
    }
    return try values.enumerated().map { trial, value in
      guard let length = Int(exactly: value), (1...samples).contains(length) else {
        throw TasksError(
          "the length \(value) of trial \(trial), counted from 0, is no whole number from 1 to "
            + "\(samples)", place: "\(file.path), \(names.lengths)",
          remedy: "Give the number of samples of each trial.")
      }
      return length
    }
  }

  /// The split of each trial.
  func splits(_ names: CustomTargets.Names) throws -> [Split]? {
    guard let values = try perTrial(names.split, isNamed: names.split != "split") else {
      return nil
    }
    let place = "\(file.path), \(names.split)"
    let splits = try values.enumerated().map { trial, value in
      guard let number = Int(exactly: value), Split.allCases.indices.contains(number) else {
        throw TasksError(
          "\(value) of trial \(trial), counted from 0, names no split", place: place,
          remedy: "Write 0 for training, 1 for validation, 2 for test.")
      }
      return Split.allCases[number]
    }
    for split in [Split.training, .test] where !splits.contains(split) {
      throw TasksError(
        "no trial is for \(split.rawValue)", place: place,
        remedy: "Write 0 for training, 1 for validation, 2 for test, or leave the array out.")
    }
    return splits
  }

  private func perTrial(_ name: String, isNamed: Bool) throws -> [Double]? {
    guard let values = try array(name, isNamed: isNamed)?.values else { return nil }
    guard values.count == trials else {
      throw TasksError(
        "there are \(values.count) numbers for \(trials) trials", place: "\(file.path), \(name)",
        remedy: "Give one number a trial.")
    }
    return values
  }
}

extension CustomTargets {
  /// An axis of an array.
  enum Axis: Sendable { case trial, time, channel }
}

extension CustomTargets.AxisOrder {
  var axes: [CustomTargets.Axis] {
    switch self {
    case .trialTimeChannel: [.trial, .time, .channel]
    case .trialChannelTime: [.trial, .channel, .time]
    case .timeTrialChannel: [.time, .trial, .channel]
    case .timeChannelTrial: [.time, .channel, .trial]
    case .channelTrialTime: [.channel, .trial, .time]
    case .channelTimeTrial: [.channel, .time, .trial]
    }
  }

  /// Of an array of one trial.
  var twoAxes: [CustomTargets.Axis] { axes.filter { $0 != .trial } }
}
