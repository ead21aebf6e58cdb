import SynfireLearning
import Testing

@Suite struct BatchPlanTests {
  @Test(arguments: [1, 2, 7, 8, 9, 37, 256, 300, 1000])
  func everyTrialIsInOneBlock(_ trials: Int) {
    let plan = BatchPlan(trials: trials)
    #expect(Array(plan.blocks.joined().joined()) == Array(0..<trials))
    #expect(plan.blocks.count == min(8, trials))
    #expect(plan.blocks.joined().allSatisfy { (1...16).contains($0.count) })
    #expect(plan.blockTrials == plan.blocks.joined().map(\.count).max())
  }
}
