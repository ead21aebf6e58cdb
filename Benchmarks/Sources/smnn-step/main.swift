// smnn-step TASK NEURONS MODES TRIALS [STEPS [THREADS]]: times training steps, prints JSON.
import Foundation
import SynfireCore
import Workloads

// As the program does, before there is anything on the heap.
HeapPolicy.returnLargeBlocks()

let arguments = Array(CommandLine.arguments.dropFirst())
let numbers = arguments.dropFirst().compactMap { Int($0) }
guard let task = arguments.first.flatMap(ModeNetworkTraining.TaskName.init(rawValue:)),
  numbers.count == arguments.count - 1, (3...5).contains(numbers.count), numbers.min()! > 0
else {
  FileHandle.standardError.write(
    Data("usage: smnn-step mnist|context NEURONS MODES TRIALS [STEPS [THREADS]]\n".utf8))
  exit(2)
}
let steps = numbers.count > 3 ? numbers[3] : 10
let threads = numbers.count > 4 ? numbers[4] : 2

var training: ModeNetworkTraining
do {
  training = try ModeNetworkTraining(
    task, neurons: numbers[0], modes: numbers[1], trials: numbers[2], threads: threads)
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(2)
}
try StepTimes(count: steps) {
  let metrics = try training.step()
  return (metrics.loss, metrics.firingRate)
}.print()
