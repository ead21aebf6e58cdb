// rls-step NEURONS FACTORS STEPS [COUNT [THREADS]]: times trials of so many steps, half of which learn; prints
// JSON, seconds a step of the simulation.
// rls-step --example FILE NEURONS FACTORS STEPS: writes a network with its state, trial and what is learned.
import Foundation
import Synfire
import Workloads

// As the program does, before there is anything on the heap.
HeapPolicy.returnLargeBlocks()

var arguments = Array(CommandLine.arguments.dropFirst())
var example: String?
if arguments.first == "--example", arguments.count > 1 {
  example = arguments[1]
  arguments.removeFirst(2)
}
let numbers = arguments.compactMap { Int($0) }
guard numbers.count == arguments.count, (3...5).contains(numbers.count), numbers.min()! > 0 else {
  FileHandle.standardError.write(
    Data("usage: rls-step [--example FILE] NEURONS FACTORS STEPS [COUNT [THREADS]]\n".utf8))
  exit(2)
}
do {
  let steps = numbers[2]
  var training = try FactorNetworkTraining(
    neurons: numbers[0], factors: numbers[1], steps: steps,
    threads: numbers.count > 4 ? numbers[4] : 2)
  if let example {
    try SafeTensors.write(example, training.example())
  } else {
    try StepTimes(count: numbers.count > 3 ? numbers[3] : 3, unitsEach: steps) {
      let metrics = try training.step()
      return (metrics.loss, metrics.firingRate)
    }.print()
  }
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(1)
}
