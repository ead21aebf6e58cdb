// alif-example [--adjoints PRECISION] FILE TRIALS STEPS INPUTS NEURONS: writes the parameters, inputs, classes, loss and
// gradients of what alif-step times, as safetensors. --adjoints: single, bfloat16 or int16, in which they are passed back.
import Foundation
import Synfire
import Workloads

var arguments = Array(CommandLine.arguments.dropFirst())
var precision: AdjointPrecision? = .single
if arguments.first == "--adjoints" {
  precision = arguments.dropFirst().first.flatMap { AdjointPrecision(rawValue: $0) }
  arguments.removeFirst(min(2, arguments.count))
}
let sizes = arguments.dropFirst().compactMap { Int($0) }.filter { $0 > 0 }
guard let precision, arguments.count == 5, sizes.count == 4 else {
  FileHandle.standardError.write(
    Data("usage: alif-example [--adjoints PRECISION] FILE TRIALS STEPS INPUTS NEURONS\n".utf8))
  exit(2)
}
do {
  let training = try AdaptiveNetworkTraining(
    trials: sizes[0], steps: sizes[1], inputs: sizes[2], neurons: sizes[3], threads: 2,
    adjointPrecision: precision)
  try SafeTensors.write(arguments[0], training.example())
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(1)
}
