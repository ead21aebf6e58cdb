extension TaskDescription {
  /// Bytes of the batch that trains and of the next, which is made meanwhile, and of the outputs of one with
  /// their adjoints.
  func batchBytes(trials: Int) -> Int {
    // Episodes arise as they are acted in.
    if case .control = self { return trials * 2 * (4 * inputChannels + Self.conditionBytes) }
    // Spikes are bits, padded to words of 64.
    let inputs = steps * (hasSpikes ? (inputChannels + 63) / 64 * 8 : inputChannels * 4)
    let outputs = answers * self.outputs * 4
    let targets = isClassification ? answers * 8 : outputs
    return trials * (2 * (inputs + targets + Self.conditionBytes) + drawingBytes + 2 * outputs)
  }

  /// How many answers a trial asks for: at every step, in every window, or one.
  var answers: Int { windowSteps.map { steps / $0 } ?? (isClassification ? 1 : steps) }

  /// The conditions of a trial: four numbers at most.
  private static let conditionBytes = 32

  /// What a trial takes while it is drawn, beside itself.
  private var drawingBytes: Int {
    switch self {
    case .contextIntegration(let task), .contextSwitch(let task, _):
      // The noise of both streams.
      2 * 4 * (task.stimulusEnd - task.stimulusStart)
    default: 0
    }
  }
}
