// ec-step POPULATION OBSERVATIONS NEURONS ACTIONS [COUNT [THREADS]]: times steps of the environment of networks
// of single bits; prints JSON, seconds a member and step.
// ec-step --example FILE POPULATION OBSERVATIONS NEURONS ACTIONS: writes members and what they answer.
// ec-step --generation bits|weights|gated STEPS POPULATION OBSERVATIONS NEURONS ACTIONS [COUNT [THREADS]]: times
// generations of evolution in which every member acts for so many steps; seconds a generation.
import Foundation
import Synfire
import Workloads

// As the program does, before there is anything on the heap.
HeapPolicy.returnLargeBlocks()

var arguments = Array(CommandLine.arguments.dropFirst())
var (example, generation): (String?, (kind: EvolvedGeneration.Kind, steps: Int)?)
if arguments.first == "--example", arguments.count > 1 {
  example = arguments[1]
  arguments.removeFirst(2)
} else if arguments.first == "--generation", arguments.count > 2,
  let kind = EvolvedGeneration.Kind(rawValue: arguments[1]), let steps = Int(arguments[2])
{
  generation = (kind, steps)
  arguments.removeFirst(3)
}
let numbers = arguments.compactMap { Int($0) }
guard numbers.count == arguments.count, (4...6).contains(numbers.count), numbers.min()! > 0 else {
  FileHandle.standardError.write(
    Data(
      "usage: ec-step [--example FILE | --generation bits|weights|gated STEPS] POPULATION OBSERVATIONS NEURONS ACTIONS [COUNT [THREADS]]\n"
        .utf8))
  exit(2)
}
let (population, count) = (numbers[0], numbers.count > 4 ? numbers[4] : 10)
let threads = numbers.count > 5 ? numbers[5] : 2
do {
  if let generation {
    var evolution = try EvolvedGeneration(
      generation.kind, population: population, observations: numbers[1],
      neurons: numbers[2], actions: numbers[3], steps: generation.steps, threads: threads)
    try StepTimes(count: count) {
      (try evolution.step().meanFitness, 0)
    }.print()
  } else {
    let members = try EvolvedPopulation(
      population: population, observations: numbers[1], neurons: numbers[2], actions: numbers[3],
      threads: threads, keepsConnections: example != nil)
    if let example {
      try SafeTensors.write(example, members.example(steps: 2))
    } else {
      try StepTimes(count: count, unitsEach: population) { (0, try members.step()) }.print()
    }
  }
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(1)
}
