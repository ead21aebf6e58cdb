// alif-step TRIALS STEPS INPUTS NEURONS [COUNT [THREADS]]: times training steps, prints JSON.
// alif-step --example FILE TRIALS STEPS INPUTS NEURONS: writes an example with its gradient.
import Foundation
import Synfire
import Workloads

var arguments = Array(CommandLine.arguments.dropFirst())
var example: String?
if arguments.first == "--example", arguments.count > 1 {
  example = arguments[1]
  arguments.removeFirst(2)
}
let numbers = arguments.compactMap { Int($0) }
guard numbers.count == arguments.count, (4...6).contains(numbers.count), numbers.min()! > 0 else {
  FileHandle.standardError.write(
    Data("usage: alif-step [--example FILE] TRIALS STEPS INPUTS NEURONS [COUNT [THREADS]]\n".utf8))
  exit(2)
}
do {
  var training = try AdaptiveNetworkTraining(
    trials: numbers[0], steps: numbers[1], inputs: numbers[2], neurons: numbers[3],
    threads: numbers.count > 5 ? numbers[5] : 2)
  if let example {
    try SafeTensors.write(example, training.example())
  } else {
    try StepTimes(count: numbers.count > 4 ? numbers[4] : 10) {
      let metrics = try training.step()
      return (metrics.loss, metrics.firingRate)
    }.print()
  }
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(1)
}
