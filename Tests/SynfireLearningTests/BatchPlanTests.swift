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

  /// 513 x 513 weights are more than a mebibyte; those of a few modes never are.
  @Test(arguments: [(512, nil, 8), (513, nil, 16), (2000, 3, 8)] as [(Int, Int?, Int)])
  func onlyLargeWeightsMakeBlocksLarge(neurons: Int, modes: Int?, block: Int) throws {
    let normal = Initialization.normal(deviation: 1)
    let recurrent: any Connectivity =
      if let modes {
        Modes(modes, modeInitialization: normal, scoreInitialization: normal)
      } else {
        Dense(normal)
      }
    let network = try Network(
      timeStep: 0.001, inputs: 4,
      layers: [
        Layer(
          neurons: neurons, model: LIF(timeStep: 0.001, membraneTimeConstant: 0.02),
          input: Connection(Dense(normal)),
          recurrent: Connection(recurrent))
      ],
      readout: Readout(
        outputs: 2, connection: Connection(Dense(normal)), reduction: .everyStep))
    let plan = try SweepPlan(
      network, steps: 5, trials: 64, spiking: true, isPlain: false, threads: 2, limit: 1 << 34)
    #expect(plan.layout == .neurons)
    #expect(plan.blockTrials == block)
  }

  @Test(arguments: [16, 17, 256, 300, 1000])
  func lanesOfTrialsAreFull(_ trials: Int) {
    let plan = BatchPlan(trials: trials, layout: .trials)
    #expect(Array(plan.blocks.joined().joined()) == Array(0..<trials))
    #expect(plan.blocks.count <= 8)
    #expect(plan.blocks.joined().dropLast().allSatisfy { $0.count == 16 })
  }
}
