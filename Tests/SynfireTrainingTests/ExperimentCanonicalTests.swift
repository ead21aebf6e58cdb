import SynfireTraining
import Testing

@Suite struct ExperimentCanonicalTests {
  private func reread(_ experiment: Experiment) throws -> Experiment {
    try ExperimentFile(text: experiment.canonicalYAML, place: "run.h5").experiment()
  }

  @Test func theCanonicalTextReadsAsAnEqualExperiment() throws {
    let experiment = try ExperimentSample.experiment(set: [
      "modes=30", "learning.clipGlobalNorm=none", "decay=0.05 s",
    ])
    #expect(try reread(experiment) == experiment)
    #expect(experiment.canonicalYAML.contains("modes: 30"))
    #expect(experiment.canonicalYAML.contains("clipGlobalNorm: none"))
    // A default that the file leaves out is written down.
    #expect(experiment.canonicalYAML.contains("beta2: 0.999"))
  }

  @Test func theOrderOfKeysDoesNotMatter() throws {
    let text = ExperimentSample.text
    let moved = text.replacing("timeStep: 2 ms\n", with: "") + "timeStep: 2 ms\n"
    #expect(try ExperimentSample.experiment(moved) == ExperimentSample.experiment())
  }

  @Test(arguments: [
    "plain words", "a: b # c", "quotes \" and ' and \\", "- dash", "né µ ±", "tab\tand\nline", "3",
    "none", "[x, y]", "{}", "*star", " spaces ", "50 %", "@at", "null", "---", "", "~",
  ])
  func anyTextSurvives(_ purpose: String) throws {
    let quoted =
      "\""
      + purpose.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      .replacing("\n", with: "\\n").replacing("\t", with: "\\t") + "\""
    let text = ExperimentSample.text.replacing("A small experiment", with: quoted)
    if purpose.isEmpty {
      #expect(try ExperimentSample.error(of: text).what == "the text is empty")
      return
    }
    let experiment = try ExperimentSample.experiment(text)
    #expect(experiment.purpose == purpose)
    #expect(try reread(experiment) == experiment)
  }

  @Test(arguments: ExperimentLibrary.names)
  func everyBundledExperimentSurvives(_ name: String) throws {
    let experiment = try ExperimentLibrary.experiment(named: name)
    #expect(try reread(experiment) == experiment)
  }
}
