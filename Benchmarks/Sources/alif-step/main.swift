// alif-step [--rate FRACTION] [--forward] [--adjoints PRECISION] TRIALS STEPS INPUTS NEURONS [COUNT [THREADS]]: times
// training steps, prints JSON. --rate: of neurons that spike at a step, by scaling the inputs; --forward: times
// forward runs too; --adjoints: single, bfloat16 or int16, in which adjoints are passed back.
import EngineWorkloads
import SynfireCore
import SynfireNetworks

// As the program does, before there is anything on the heap.
HeapPolicy.returnLargeBlocks()

var rate: Double?
var timesForward = false
var precision = AdjointPrecision.single
var numbers: [Int] = []
var isUnderstood = true
var arguments = CommandLine.arguments.dropFirst()[...]
while let argument = arguments.popFirst() {
  switch argument {
  case "--rate":
    rate = arguments.popFirst().flatMap { Double($0) }
    isUnderstood = isUnderstood && (rate.map { $0 > 0 && $0 < 1 } ?? false)
  case "--forward": timesForward = true
  case "--adjoints":
    let chosen = arguments.popFirst().flatMap { AdjointPrecision(rawValue: $0) }
    isUnderstood = isUnderstood && chosen != nil
    precision = chosen ?? .single
  default:
    let number = Int(argument) ?? 0
    isUnderstood = isUnderstood && number > 0
    numbers.append(number)
  }
}
guard isUnderstood, (4...6).contains(numbers.count) else {
  stop(
    "usage: alif-step [--rate FRACTION] [--forward] [--adjoints PRECISION] TRIALS STEPS INPUTS NEURONS [COUNT [THREADS]]",
    status: 2)
}
do {
  var training = try AdaptiveNetworkTraining(
    trials: numbers[0], steps: numbers[1], inputs: numbers[2], neurons: numbers[3],
    threads: numbers.count > 5 ? numbers[5] : 2, rate: rate,
    adjointPrecision: precision)
  var times = try StepTimes(count: numbers.count > 4 ? numbers[4] : 10) {
    let metrics = try training.step()
    return (metrics.loss, metrics.firingRate)
  }
  if timesForward { try times.addForward { _ = try training.forward() } }
  times.print()
} catch {
  stop("\(error)", status: 1)
}

/// Ends the program with a line of standard error.
func stop(_ message: String, status: Int32) -> Never {
  let bytes = Array("\(message)\n".utf8)
  write(STDERR_FILENO, bytes, bytes.count)
  exit(status)
}
