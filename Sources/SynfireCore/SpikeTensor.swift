/// Spikes as bits, axes [time, trial, neuron], each row of neurons padded to 64 bits.
///
/// Bit `n & 63` of word `n >> 6` of a row is neuron `n`; padding bits are always zero, so a row can be
/// iterated by its set bits.
public struct SpikeTensor: Sendable, Equatable {
  public let steps: Int
  public let trials: Int
  public let neurons: Int
  /// Words of 64 neurons in a row.
  public let wordsPerRow: Int
  /// [time, trial, word].
  public var words: [UInt64]

  public init(steps: Int, trials: Int, neurons: Int) {
    self.steps = steps
    self.trials = trials
    self.neurons = neurons
    wordsPerRow = (neurons + 63) >> 6
    words = Array(repeating: 0, count: steps * trials * wordsPerRow)
  }

  /// Whether a neuron spikes at a step of a trial.
  public subscript(step: Int, trial: Int, neuron: Int) -> Bool {
    get {
      precondition(neuron >= 0 && neuron < neurons, "neuron \(neuron) of \(neurons)")
      return words[row(step, trial) + neuron >> 6] >> UInt64(neuron & 63) & 1 == 1
    }
    set {
      precondition(neuron >= 0 && neuron < neurons, "neuron \(neuron) of \(neurons)")
      let bit: UInt64 = 1 << UInt64(neuron & 63)
      if newValue {
        words[row(step, trial) + neuron >> 6] |= bit
      } else {
        words[row(step, trial) + neuron >> 6] &= ~bit
      }
    }
  }

  /// The offset in `words` of the row of one step of one trial.
  public func row(_ step: Int, _ trial: Int) -> Int {
    precondition(step >= 0 && step < steps && trial >= 0 && trial < trials)
    return (step * trials + trial) * wordsPerRow
  }

  /// The spikes of some of the steps.
  public func steps(_ range: Range<Int>) -> SpikeTensor {
    precondition(range.lowerBound >= 0 && range.upperBound <= steps, "steps \(range) of \(steps)")
    var part = SpikeTensor(steps: range.count, trials: trials, neurons: neurons)
    let row = trials * wordsPerRow
    part.words = Array(words[range.lowerBound * row..<range.upperBound * row])
    return part
  }

  /// The number of spikes.
  public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

  /// Calls `body` with each spiking neuron of a row, in ascending order.
  public func forEachSpike(step: Int, trial: Int, _ body: (Int) -> Void) {
    let start = row(step, trial)
    for word in 0..<wordsPerRow {
      var bits = words[start + word]
      while bits != 0 {
        body(word << 6 + bits.trailingZeroBitCount)
        bits &= bits - 1
      }
    }
  }

  /// The spikes as numbers 0 and 1, axes [time, trial, neuron].
  public func dense<Scalar: TensorScalar>(_: Scalar.Type = Scalar.self) -> Tensor<Scalar> {
    var result = Tensor<Scalar>(
      axes: ["time", "trial", "neuron"], shape: [steps, trials, neurons])
    for step in 0..<steps {
      for trial in 0..<trials {
        let start = (step * trials + trial) * neurons
        forEachSpike(step: step, trial: trial) { result.values[start + $0] = 1 }
      }
    }
    return result
  }

  /// Reads spikes from numbers; any value other than 0 and 1 makes it nil.
  public init?<Scalar: TensorScalar>(dense tensor: Tensor<Scalar>) {
    guard tensor.shape.count == 3, tensor.values.allSatisfy({ $0 == 0 || $0 == 1 }) else {
      return nil
    }
    self.init(steps: tensor.shape[0], trials: tensor.shape[1], neurons: tensor.shape[2])
    for (index, value) in tensor.values.enumerated() where value == 1 {
      let (row, neuron) = index.quotientAndRemainder(dividingBy: neurons)
      words[row * wordsPerRow + neuron >> 6] |= 1 << UInt64(neuron & 63)
    }
  }
}
