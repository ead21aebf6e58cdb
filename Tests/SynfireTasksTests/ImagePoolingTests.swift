import SynfireCore
import SynfireTasks
import Testing

@Suite struct ImagePoolingTests {
  /// Means of squares, rounded, and one and the same at every step.
  @Test func greyValuesOfSquares() throws {
    let data = try SmallDataSet()
    func pixel(_ image: Int, _ row: Int, _ column: Int) -> Int {
      Int(SmallDataSet.value(image, row * 6 + column))
    }
    for (prefix, count) in [("train", 12), ("t10k", 5)] {
      let bytes = (0..<count * 48).map { SmallDataSet.value($0 / 48, $0 % 48) }
      try data.write(
        SmallDataSet.idx([count, 8, 6], bytes),
        "\(data.directory)/mnist/\(prefix)-images-idx3-ubyte")
    }
    let task = try MNISTTask(
      directory: data.directory, steps: 3, encoding: .analog, pooling: 2)
    #expect(task.rows == 4 && task.columns == 3 && task.inputChannels == 12)
    #expect(!task.drawsEachPresentation)
    let batch = try task.batch(.training, index: 1, trials: 4, seed: 3)
    guard case .analog(let inputs) = batch.inputs else { throw TasksError("no numbers") }
    #expect(inputs.shape == [3, 4, 12])
    for (trial, image) in batch.conditions["image"]!
      .enumerated()
    {
      for row in 0..<4 {
        for column in 0..<3 {
          let sum = [(0, 0), (0, 1), (1, 0), (1, 1)].reduce(0) {
            $0 + pixel(image, 2 * row + $1.0, 2 * column + $1.1)
          }
          for step in 0..<3 {
            let value = Double(inputs[step, trial, 3 * row + column]) * 255
            #expect(abs(value - value.rounded()) < 1e-3 && abs(value - Double(sum) / 4) < 0.501)
          }
        }
      }
    }
    // Spikes of the same means, where they are certain.
    let spiking = try MNISTTask(directory: data.directory, steps: 40, pooling: 2)
    let shown = try spiking.batch(.training, index: 1, trials: 4, seed: 3)
    guard case .spikes(let spikes) = shown.inputs else { throw TasksError("no spikes") }
    #expect(shown.conditions == batch.conditions && spiking.drawsEachPresentation)
    for channel in 0..<12 {
      for trial in 0..<4 {
        let count = (0..<40).count { spikes[$0, trial, channel] }
        #expect(abs(Double(count) / 40 - Double(inputs[0, trial, channel])) < 0.36)
      }
    }
    let error = #expect(throws: TasksError.self) {
      try MNISTTask(directory: data.directory, pooling: 3)
    }
    #expect(error?.what.contains("squares of 3") == true)
  }
}
