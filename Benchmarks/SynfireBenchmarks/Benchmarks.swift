import Benchmark
import Workloads

let benchmarks: @Sendable () -> Void = {
  Benchmark.defaultConfiguration = .init(
    metrics: [.wallClock, .cpuTotal, .peakMemoryResident], warmupIterations: 2,
    maxDuration: .seconds(5), maxIterations: 100)

  for task in ModeNetworkTraining.TaskName.allCases {
    for (neurons, modes) in [(100, 3), (200, 30)] {
      let trials = task == .mnist ? 256 : 300
      Benchmark("training step, \(task), N = \(neurons), P = \(modes), B = \(trials)") {
        benchmark in
        var training = try ModeNetworkTraining(
          task, neurons: neurons, modes: modes, trials: trials, threads: 2)
        _ = try training.step()
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations { blackHole(try training.step()) }
        benchmark.stopMeasurement()
      }
    }
  }
}
