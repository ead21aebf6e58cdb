import SynfireTraining
import Testing

@Suite struct ExperimentSweepTests {
  private func file() throws -> ExperimentFile {
    try ExperimentFile(text: ExperimentSample.text, place: "sample.yaml")
  }

  @Test func gridsAreParsed() throws {
    #expect(
      try SweepGrid(parsing: "modes=1,3, 30") == SweepGrid(key: "modes", values: ["1", "3", "30"]))
    let mapping = try SweepGrid(parsing: "learning.optimizer={kind: sgd, learningRate: 1},x")
    #expect(mapping.values == ["{kind: sgd, learningRate: 1}", "x"])
  }

  @Test(arguments: ["modes", "modes=", "=1,2", "modes=1,,3", ""])
  func whatIsNoGridIsRefused(_ text: String) throws {
    let error = try #require(throws: ExperimentError.self) { try SweepGrid(parsing: text) }
    #expect(error.place == "--grid \(text)")
    #expect(error.remedy == "write --grid key=a,b,c")
  }

  @Test func everyCombinationRunsWithEverySeed() throws {
    let grids = [try SweepGrid(parsing: "modes=1,3"), try SweepGrid(parsing: "neurons=30,100")]
    let points = try SweepPoint.all(
      of: file(), grids: grids, seeds: 3, common: [Override(key: "seed", value: "5")])
    #expect(points.count == 12)
    #expect(points[0].name == "modes=1_neurons=30_seed=5")
    #expect(points[1].name == "modes=1_neurons=30_seed=6")
    #expect(points[11].name == "modes=3_neurons=100_seed=7")
    #expect(Set(points.map(\.name)).count == 12)
    let last = try file().experiment(overrides: points[11].overrides)
    #expect(last.seed == 7)
    #expect(last.shortcuts.map(\.value) == ["100", "3", "30 ms"])
  }

  @Test func withoutGridsThereAreTheSeeds() throws {
    #expect(
      try SweepPoint.all(of: file(), grids: [], seeds: 2).map(\.name) == ["seed=0", "seed=1"])
  }

  @Test func namesCanBeFolders() throws {
    let points = try SweepPoint.all(
      of: file(), grids: [try SweepGrid(parsing: "decay=30 ms,5e-2 s")])
    #expect(points.map(\.name) == ["decay=30-ms_seed=0", "decay=5e-2-s_seed=0"])
  }

  @Test func aWrongCombinationIsFoundBeforeAnyRun() throws {
    let grid = try SweepGrid(parsing: "modes=1,0")
    let error = try #require(throws: ExperimentError.self) {
      try SweepPoint.all(of: file(), grids: [grid])
    }
    #expect(error.what == "0 is out of range")
    #expect(throws: ExperimentError.self) { try SweepPoint.all(of: file(), grids: [grid, grid]) }
    #expect(throws: ExperimentError.self) { try SweepPoint.all(of: file(), grids: [], seeds: 0) }
    // Far more runs than an integer can count.
    let many = try (0..<20).map {
      try SweepGrid(parsing: "key\($0)=" + (0..<10).map(String.init).joined(separator: ","))
    }
    let tooMany = try #require(throws: ExperimentError.self) {
      try SweepPoint.all(of: file(), grids: many)
    }
    #expect(tooMany.what == "these are more than 10 000 runs")
    let twice = try #require(throws: ExperimentError.self) { try SweepGrid(parsing: "modes=3,3") }
    #expect(twice.what == "the value 3 is there twice")
  }
}
