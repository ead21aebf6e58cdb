import Foundation
import SynfireCore
import SynfireFormats
import SynfireTraining
import Testing

struct TrainerTests {
  @Test func trainsAndTests() throws {
    let run = try ToyRun(batches: 200)
    guard case .finished(let metrics) = try run.start().run() else {
      Issue.record("not finished")
      return
    }
    #expect(metrics["meanSquaredError"]! < 1e-3)
    let checkpoint = try run.checkpoint()
    #expect(checkpoint.isFinished)
    #expect(checkpoint.batch == 200 && checkpoint.updates == 200)
    #expect(checkpoint.training.rows == 200)
    #expect(checkpoint.testMetrics == metrics)
  }

  @Test func recordsTheLastLossOfSeveralUpdatesOnABatch() throws {
    let run = try ToyRun(batches: 3)
    run.plan.updatesPerBatch = 4
    _ = try run.start().run()
    let checkpoint = try run.checkpoint()
    #expect(checkpoint.training.rows == 3)
    #expect(checkpoint.updates == 12)
    var rule = ToyRule()
    let batch = try run.task.batch(.training, index: 0, trials: 8, seed: 5)
    var losses: [Double] = []
    for _ in 0..<4 { losses.append(try rule.step(batch).loss) }
    #expect(checkpoint.training["loss"]![0] == losses[3])
    #expect(losses[3] < losses[0])
  }

  @Test func validatesAtItsTimes() throws {
    let run = try ToyRun(batches: 23)
    _ = try run.start().run()
    #expect(try run.checkpoint().validation["batch"] == [5, 10, 15, 20])
  }

  @Test func keepsTheBestParameters() throws {
    let run = try ToyRun(batches: 40)
    run.plan.keepBest = "meanSquaredError"
    _ = try run.start().run()
    let validation = try run.checkpoint().validation
    let errors = try #require(validation["meanSquaredError"])
    let index = try #require(errors.firstIndex(of: errors.min()!))
    let best = try Checkpoint(contentsOf: run.path + "/best.h5")
    #expect(Double(best.batch) == validation["batch"]![index])
    // They are the parameters of that moment.
    let until = try ToyRun(batches: best.batch)
    _ = try until.start().run()
    #expect(best.parameters == (try until.checkpoint().parameters))
  }

  @Test func stopsEarlyWhenNothingImproves() throws {
    let run = try ToyRun(batches: 1000)
    run.rule.learningRate = 0
    run.plan.earlyStopping = .init(metric: "meanSquaredError", patience: 3)
    _ = try run.start().run()
    // Validations at 5 (the best), 10, 15 and 20.
    #expect(try run.checkpoint().batch == 20)
    #expect(try run.checkpoint().isFinished)
  }

  @Test(arguments: [1, 4, 5, 7, 8, 29, 30])
  func goesOnToTheSameBits(after batch: Int) throws {
    let whole = try ToyRun()
    _ = try whole.start().run()
    let cut = try ToyRun()
    cut.plan.checkpointEvery = 3
    let stop = StopFlag()
    let outcome = try cut.start(stop: stop) { event in
      if case .batch(let progress) = event, progress.batch == batch { stop.raise(signal: 15) }
    }.run()
    #expect(outcome == .interrupted(signal: 15))
    #expect(try cut.checkpoint().batch == batch)
    _ = try cut.resume().run()
    let (a, b) = (try whole.checkpoint(), try cut.checkpoint())
    #expect(a.parameters == b.parameters && a.state == b.state)
    #expect(a.training == b.training && a.validation == b.validation && a.test == b.test)
    #expect(try whole.log() == cut.log())
  }

  @Test(arguments: [1, 5, 8, 29])
  func carriedStatesGoOnToo(after batch: Int) throws {
    func run() throws -> ToyRun {
      let run = try ToyRun()
      run.plan.carriesState = true
      run.plan.updatesPerBatch = 2
      run.plan.validationTrials = 16
      run.plan.testTrials = 16
      return run
    }
    let (whole, cut) = (try run(), try run())
    _ = try whole.start().run()
    let stop = StopFlag()
    _ = try cut.start(stop: stop) { event in
      if case .batch(let progress) = event, progress.batch == batch { stop.raise(signal: 15) }
    }.run()
    #expect(try cut.checkpoint().batch == batch)
    _ = try cut.resume().run()
    let (a, b) = (try whole.checkpoint(), try cut.checkpoint())
    #expect(a.trainingState != nil && a.trainingState == b.trainingState)
    #expect(a.validationState != nil && a.validationState == b.validationState)
    #expect(a.parameters == b.parameters && a.validation == b.validation && a.test == b.test)

    // The states count: of training in the parameters, of validation and test in their outcomes.
    let resting = try run()
    resting.plan.carriesState = false
    _ = try resting.start().run()
    #expect(try resting.checkpoint().parameters != a.parameters)
    #expect(try resting.checkpoint().trainingState == nil)
    // The memory of training: the sum over all batches, each counted once.
    var memory = [Float](repeating: 0, count: 8)
    for index in 0..<30 {
      let trials = try whole.task.batch(.training, index: index, trials: 8, seed: 5)
      guard case .analog(let inputs) = trials.inputs else { return }
      for trial in 0..<8 { memory[trial] = 0.9 * memory[trial] + inputs.values[2 * trial] }
    }
    #expect(a.trainingState?.tensors["memory"]?.values == memory)
  }

  @Test func aStopInAValidationIsMadeUpFor() throws {
    let whole = try ToyRun()
    _ = try whole.start().run()
    let cut = try ToyRun()
    let stop = StopFlag()
    let outcome = try cut.start(stop: stop) { event in
      if case .evaluating(.validation, _, _) = event { stop.raise(signal: 2) }
    }.run()
    #expect(outcome == .interrupted(signal: 2))
    #expect(try cut.checkpoint().validation.rows == 0)
    _ = try cut.resume().run()
    #expect(try whole.checkpoint().validation == cut.checkpoint().validation)
    #expect(try whole.log() == cut.log())
  }

  @Test func preparingAheadChangesNothing() throws {
    let ahead = try ToyRun()
    let plain = try ToyRun()
    plain.plan.preparesAhead = false
    _ = try ahead.start().run()
    _ = try plain.start().run()
    #expect(try ahead.checkpoint().parameters == plain.checkpoint().parameters)
  }

  @Test func logsAfterTheCheckpointAreCutOnResume() throws {
    let run = try ToyRun()
    let stop = StopFlag()
    _ = try run.start(stop: stop) { event in
      if case .batch(let progress) = event, progress.batch == 11 { stop.raise(signal: 2) }
    }.run()
    let lines = try run.log().count
    // As a killed process would leave it: entries beyond the checkpoint, the last one torn.
    let handle = try #require(FileHandle(forWritingAtPath: run.path + "/log.jsonl"))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data("{\"event\": \"training\", \"batch\": 12}\n{\"ev".utf8))
    try handle.close()
    let event = run.path + "/events.out.tfevents.0000000001.killed.1.0"
    try Data("beyond".utf8).write(to: URL(fileURLWithPath: event))
    #expect(lines == 11 + 2)
    _ = try run.resume().run()
    let batches = try run.log().filter { $0["event"] == "training" }.map { $0["batch"] }
    #expect(batches == (1...30).map { .integer($0) })
    #expect(!FileManager.default.fileExists(atPath: event))
  }

  @Test func aNumberThatIsNotFiniteStopsTheRun() throws {
    let run = try ToyRun()
    run.task.brokenBatch = 17
    let trainer = try run.start()
    let error = try #require(throws: TrainingError.self) { try trainer.run() }
    #expect(error.what == "a potential is not finite")
    #expect(error.place == "batch 18: hidden, step 3, neuron 7")
    #expect(error.remedy.contains("the checkpoint after batch 14 is kept"))
    let kept = try run.checkpoint()
    #expect(kept.batch == 14)
    #expect(kept.parameters["weights"]!.firstNonFinite == nil)
    let last = try #require(try run.log().last)
    #expect(last["event"] == "failed" && last["batch"] == 17)
  }

  @Test func aFinishedRunIsNotTrainedAgain() throws {
    let run = try ToyRun(batches: 4)
    let first = try run.start().run()
    let bytes = FileManager.default.contents(atPath: run.path + "/run.h5")
    let names = try FileManager.default.contentsOfDirectory(atPath: run.path).sorted()
    #expect(try run.resume().run() == first)
    #expect(FileManager.default.contents(atPath: run.path + "/run.h5") == bytes)
    #expect(try FileManager.default.contentsOfDirectory(atPath: run.path).sorted() == names)
  }
}
