import SynfireCore

/// The order in which the kernels of `BernoulliNetwork` read connections.
///
/// - Recurrent: for every sixteen postsynaptic neurons, for every 32 presynaptic ones, half a word for each of
///   the sixteen: one AND and one population count serve a whole vector of columns.
/// - Input: for every 64 neurons, for each of the 2 D inputs, the word of the neurons that it reaches: one
///   masked addition serves sixteen neurons.
/// - Output: for each action, the words of the neurons that it is read from.
struct BernoulliPlaces {
  let observations: Int
  let neurons: Int
  let actions: Int

  /// Words that hold one bit for every neuron.
  var words: Int { (neurons + 63) >> 6 }
  /// Half words that do.
  var halves: Int { (neurons + 31) >> 5 }
  /// Groups of sixteen neurons.
  var blocks: Int { (neurons + 15) >> 4 }

  var recurrentStart: Int { 0 }
  var inputStart: Int { paddedToLanes(blocks * 8 * halves) }
  var outputStart: Int { inputStart + paddedToLanes(2 * observations * words) }
  var end: Int { outputStart + paddedToLanes(actions * words) }

  func recurrent(_ neuron: Int, _ presynaptic: Int) -> UInt32 {
    let half = ((neuron >> 4) * halves + presynaptic >> 5) << 4 + neuron & 15
    return UInt32(recurrentStart << 6 + half << 5 + presynaptic & 31)
  }

  func input(_ neuron: Int, _ input: Int) -> UInt32 {
    let word = (neuron >> 6) * 2 * observations + input
    return UInt32((inputStart + word) << 6 + neuron & 63)
  }

  func output(_ action: Int, _ neuron: Int) -> UInt32 {
    UInt32((outputStart + action * words + neuron >> 6) << 6 + neuron & 63)
  }

  var layout: BitLayout {
    func tensor(_ name: String, _ axes: [String], _ shape: [Int]) -> ParameterSpecification {
      ParameterSpecification(
        name: "\(name).probabilities", axes: axes, shape: shape, initialization: .constant(0.5))
    }
    func places(_ rows: Int, _ columns: Int, _ place: (Int, Int) -> UInt32) -> [UInt32] {
      (0..<rows).flatMap { row in (0..<columns).map { place(row, $0) } }
    }
    return BitLayout(
      words: end,
      tensors: [
        tensor("hidden.input", ["neuron", "input"], [neurons, 2 * observations]),
        tensor("hidden.recurrent", ["neuron", "presynaptic"], [neurons, neurons]),
        tensor("readout", ["action", "neuron"], [actions, neurons]),
      ],
      places: [
        places(neurons, 2 * observations, input), places(neurons, neurons, recurrent),
        places(actions, neurons, output),
      ])
  }
}
