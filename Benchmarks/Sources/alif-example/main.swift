// alif-example [--bfloat16] FILE TRIALS STEPS INPUTS NEURONS: writes the parameters, inputs, classes, loss and gradients
// of what alif-step times, as safetensors. --bfloat16: passes adjoints back in that precision.
import Foundation
import Synfire
import Workloads

var arguments = Array(CommandLine.arguments.dropFirst())
let isRounded = arguments.first == "--bfloat16"
if isRounded { arguments.removeFirst() }
let sizes = arguments.dropFirst().compactMap { Int($0) }.filter { $0 > 0 }
guard arguments.count == 5, sizes.count == 4 else {
  FileHandle.standardError.write(
    Data("usage: alif-example [--bfloat16] FILE TRIALS STEPS INPUTS NEURONS\n".utf8))
  exit(2)
}
do {
  let training = try AdaptiveNetworkTraining(
    trials: sizes[0], steps: sizes[1], inputs: sizes[2], neurons: sizes[3], threads: 2,
    adjointPrecision: isRounded ? .bfloat16 : .single)
  try SafeTensors.write(arguments[0], training.example())
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(1)
}
