// environment-steps NAME... [--steps N]: times steps of environments on one core under random actions, episodes
// that end begun again; prints a line of JSON for each: steps a second, and the mean length of an episode.
import Foundation
import Synfire

func complain(_ text: String, code: Int32) -> Never {
  FileHandle.standardError.write(Data("\(text)\n".utf8))
  exit(code)
}

/// Seconds that so many steps took, and how many episodes ended in them.
func run(_ environment: any Environment, steps: Int) -> (seconds: Double, episodes: Int) {
  let space = environment.space
  var actions = RandomStream(seed: 1, stream: "actions")
  var resets = RandomStream(seed: 1, stream: "resets")
  var observation = [Double](repeating: 0, count: space.observations)
  var outputs = [Double](repeating: 0, count: space.actions.outputs)
  var episodes = 0
  environment.reset(resets)
  let seconds = ContinuousClock().measure {
    for step in 0..<steps {
      for index in outputs.indices { outputs[index] = 2 * actions.uniform() - 1 }
      let transition = outputs.withUnsafeMutableBufferPointer {
        environment.step(space.actions.action(of: $0))
      }
      observation.withUnsafeMutableBufferPointer { environment.observe($0) }
      if transition.ended {
        episodes += 1
        resets = resets.at(step: UInt64(step), trial: 0)
        environment.reset(resets)
      }
    }
  }
  return (seconds / .seconds(1), episodes)
}

var names = Array(CommandLine.arguments.dropFirst())
var steps = 20_000
if names.count > 1, names[names.count - 2] == "--steps" {
  guard let number = Int(names.removeLast()), number > 0 else {
    complain("usage: environment-steps NAME... [--steps N]", code: 2)
  }
  steps = number
  names.removeLast()
}
do {
  for name in names.isEmpty ? EnvironmentCatalogue.standard.environments.map(\.name) : names {
    let environment = try EnvironmentCatalogue.standard.environment(name).make()
    _ = run(environment, steps: max(1, steps / 10))
    let (seconds, episodes) = run(environment, steps: steps)
    let length = Double(steps) / Double(max(1, episodes))
    print(
      "{\"environment\": \"\(name)\", \"stepsPerSecond\": \(Int(Double(steps) / seconds)), "
        + "\"episodeLength\": \(length)}")
  }
} catch { complain("\(error)", code: 2) }
