import SynfireCore

/// Products of activity [.., neuron] with directions stored [direction, neuron], axes [.., axis].
func coordinates<Scalar>(
  of activity: Tensor<Scalar>, along directions: [Double], count: Int, axis: String
) -> Tensor<Double> {
  let neurons = activity.shape[activity.shape.count - 1]
  let samples = activity.doubles
  var result = Tensor<Double>(
    axes: activity.axes.dropLast() + [axis], shape: activity.shape.dropLast() + [count])
  samples.withUnsafeBufferPointer { samples in
    directions.withUnsafeBufferPointer { directions in
      result.values.withUnsafeMutableBufferPointer { result in
        for row in 0..<(neurons == 0 ? 0 : samples.count / neurons) {
          for direction in 0..<count {
            var sum = 0.0
            for neuron in 0..<neurons {
              sum += samples[row * neurons + neuron] * directions[direction * neurons + neuron]
            }
            result[row * count + direction] = sum
          }
        }
      }
    }
  }
  return result
}
