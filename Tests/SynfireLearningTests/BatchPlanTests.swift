import SynfireLearning
import SynfireNetworks
import Testing

@Suite struct BatchPlanTests {
  @Test(arguments: [1, 2, 7, 8, 9, 37, 256, 300, 1000])
  func everyTrialIsInOneBlock(_ trials: Int) {
    let plan = BatchPlan(trials: trials, layout: .neurons)
    #expect(Array(plan.blocks.joined().joined()) == Array(0..<trials))
    #expect(plan.blocks.count == min(8, max(1, trials / 8)))
    #expect(plan.blocks.joined().allSatisfy { (min(7, trials)...12).contains($0.count) })
    #expect(plan.blockTrials == plan.blocks.joined().map(\.count).max())
  }

  @Test(arguments: [1, 9, 31, 32, 63, 64, 80, 300])
  func blocksOfLargeNetworksGrowWithTheBatch(_ trials: Int) {
    let plan = BatchPlan(trials: trials, layout: .neurons, isLarge: true)
    #expect(Array(plan.blocks.joined().joined()) == Array(0..<trials))
    let block = min(16, max(8, trials / 4))
    #expect(plan.blocks.count == min(8, max(1, trials / block)))
    #expect(plan.blocks.joined().allSatisfy { (min(7, trials)...block * 3 / 2).contains($0.count) })
  }

  @Test(arguments: [16, 17, 256, 300, 1000])
  func lanesOfTrialsAreFull(_ trials: Int) {
    let plan = BatchPlan(trials: trials, layout: .trials)
    #expect(Array(plan.blocks.joined().joined()) == Array(0..<trials))
    #expect(plan.blocks.count <= 8)
    #expect(plan.blocks.joined().dropLast().allSatisfy { $0.count == 16 })
  }
}
