// lsnn-step dense|sparse|rewired NEURONS DELAYS TRIALS [STEPS [COUNT [THREADS [FIRST]]]]: times training
// steps after the first few, prints JSON.
import Foundation
import Workloads

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
  var (seconds, batchSeconds): ([Double], [Double]) = ([], [])
  var (loss, rate) = (0.0, 0.0)
  let first = number(6, default: 2)
  for index in 0..<first + number(4, default: 10) {
    let step = try training.step()
    (loss, rate) = (step.metrics.loss, step.metrics.firingRate)
    guard index >= first else { continue }
    seconds.append(step.stepSeconds)
    batchSeconds.append(step.batchSeconds)
  }
  var usage = rusage()
  #if os(Linux)
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let peak = usage.ru_maxrss * 1024
  #else
    getrusage(RUSAGE_SELF, &usage)
    let peak = usage.ru_maxrss
  #endif
  print(
    "{\"seconds\": \(seconds), \"batchSeconds\": \(batchSeconds), \"peakMemory\": \(peak), "
      + "\"loss\": \(loss), \"firingRate\": \(rate)}")
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(1)
}
