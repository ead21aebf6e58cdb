// Opens a run and asks how it solves its task: AnalyzeARun [RUN]. Without a run it trains a small one.
import Foundation
import Synfire

func trainedRun() throws -> RunFolder {
  let path = NSTemporaryDirectory() + "synfire-example-\(UUID().uuidString)"
  let experiment = try ExperimentLibrary.experiment(
    named: "smnn/context",
    overrides: [
      Override(key: "batches", value: "60"), Override(key: "trialsPerBatch", value: "100"),
    ])
  let session = try TrainingSession.start(experiment, in: path)
  _ = try session.trainer().run()
  return session.folder
}

let folder = try CommandLine.arguments.dropFirst().first.map(RunFolder.read) ?? trainedRun()
print("run:", folder.path)

// A run folder holds all that made it: the experiment, the parameters, every metric.
let checkpoint = try folder.readCheckpoint().checkpoint
let experiment = try ExperimentFile(text: checkpoint.configuration, place: folder.checkpointPath)
  .experiment()
for (name, value) in checkpoint.testMetrics.sorted(by: { $0.key < $1.key }) { print(name, value) }

// Show the trained network a hundred test trials.
let task = try experiment.makeTask(dataDirectory: nil)
let network = try experiment.makeNetwork()
let trials = try task.batch(.test, index: 0, trials: 100, seed: experiment.seed)
let recording = try network.record(trials.inputs, checkpoint.parameters, threads: 2)
let spikes = recording.spikes(ofLayer: 0)!  // [time, trial, neuron]
let timeStep = network.timeStep

let statistics = try SpikeStatistics(of: spikes, timeStep: timeStep)
print("mean firing rate: \(statistics.meanFiringRate) Hz")
print("silent neurons: \(statistics.silentFraction * 100) %")

// What it does, in the few dimensions of its modes: one attractor for each context and answer.
let activity = try FilteredActivity.double(
  of: spikes, decay: 0.030, rise: 0.002, timeStep: timeStep, normalization: .context)
let components = try PrincipalComponents(of: activity)
print("participation ratio: \(components.participationRatio) of \(spikes.neurons)")
let space = try ModeSpace(modes: checkpoint.parameters["hidden.recurrent.inputModes"]!)
let classes = try TrialClasses(
  contexts: trials.conditions["context"]!,
  targets: trials.conditions["target"]!.map { $0 == 1 ? 1 : -1 })
let attractors = try Attractors(of: space.project(activity), classes: classes)
for (index, name) in attractors.names.enumerated() {
  let center = (0..<attractors.centers.shape[1]).map { attractors.centers[index, $0] }
  print("attractor of \(name): \(center), \(attractors.trials[index]) trials")
}
if let closest = attractors.closest {
  print("closest two: \(closest.separation) standard deviations apart")
}
