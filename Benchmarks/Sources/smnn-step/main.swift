// smnn-step TASK NEURONS MODES TRIALS [STEPS [THREADS]]: times training steps, prints JSON.
import Foundation
import Workloads

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
let clock = ContinuousClock()
var seconds: [Double] = []
var loss = 0.0
for step in 0..<steps + 2 {
  let time = try clock.measure { loss = try training.step().loss }.components
  if step >= 2 {  // the first ones warm up, as the rival's do
    seconds.append(Double(time.seconds) + Double(time.attoseconds) * 1e-18)
  }
}
var usage = rusage()
#if os(Linux)
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  let peak = usage.ru_maxrss * 1024
#else
  getrusage(RUSAGE_SELF, &usage)
  let peak = usage.ru_maxrss
#endif
print("{\"seconds\": \(seconds), \"peakMemory\": \(peak), \"loss\": \(loss)}")
