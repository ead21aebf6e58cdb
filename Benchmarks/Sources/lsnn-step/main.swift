// lsnn-step dense|sparse|rewired NEURONS DELAYS TRIALS [STEPS [COUNT [THREADS [FIRST]]]]: times training
// steps after the first few, prints JSON.
import Foundation
import SynfireCore
import Workloads

// As the program does, before there is anything on the heap.
HeapPolicy.returnLargeBlocks()

let arguments = Array(CommandLine.arguments.dropFirst())
let numbers = arguments.dropFirst().compactMap { Int($0) }
guard let weights = arguments.first.flatMap(DelayedNetworkTraining.Weights.init(rawValue:)),
  numbers.count == arguments.count - 1, (3...7).contains(numbers.count), numbers.min()! >= 0
else {
  FileHandle.standardError.write(
    Data(
      ("usage: lsnn-step dense|sparse|rewired NEURONS DELAYS TRIALS "
        + "[STEPS [COUNT [THREADS [FIRST]]]]\n").utf8))
  exit(2)
}
func number(_ index: Int, default value: Int) -> Int {
  numbers.count > index ? numbers[index] : value
}
do {
  var training = try DelayedNetworkTraining(
    weights, neurons: numbers[0], delays: numbers[1], trials: numbers[2],
    steps: number(3, default: 840), threads: number(5, default: 2))
  for _ in 0..<number(6, default: 0) { _ = try training.step() }
  try StepTimes(count: number(4, default: 10)) {
    let metrics = try training.step()
    return (metrics.loss, metrics.firingRate)
  }.print()
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(1)
}
