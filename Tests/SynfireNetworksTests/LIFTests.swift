import Foundation
import SynfireCore
import SynfireNetworks
import Testing

/// Single neurons, step by step.
@Suite struct LIFTests {
  private func potentials(_ model: LIF, drive: [Double]) throws -> (
    potentials: [Double], spikes: [Bool]
  ) {
    let kernel = try model.reference(smoothed: false)
    var state = kernel.initialState
    var result: (potentials: [Double], spikes: [Bool]) = ([], [])
    for value in drive {
      let emission = kernel.step(&state, drive: value)
      result.potentials.append(kernel.potential(of: state))
      result.spikes.append(emission.spikes)
    }
    return result
  }

  private let decay = exp(-0.1)

  @Test func leakAndReset() throws {
    let model = LIF(timeStep: 0.002, membraneTimeConstant: 0.020)
    let gain = 1 - decay
    // A strong pulse, a spike, one step at zero, then integration from zero again.
    let (u, s) = try potentials(model, drive: [12, 0, 5, 0, 0])
    #expect(abs(u[0] - 12 * gain) < 1e-12)
    #expect(s == [true, false, false, false, false])
    #expect(u[1] == 0)
    #expect(abs(u[2] - 5 * gain) < 1e-12)
    #expect(abs(u[3] - decay * u[2]) < 1e-12)
  }

  @Test func resetBySubtraction() throws {
    let model = LIF(
      timeStep: 0.002, membraneTimeConstant: 0.020, inputGain: 1, threshold: 0.5,
      reset: .subtract)
    let (u, s) = try potentials(model, drive: [1.5, 0, 0])
    #expect(u[0] == 1.5)
    #expect(abs(u[1] - (1.5 * decay - 0.5)) < 1e-12)
    #expect(abs(u[2] - (u[1] * decay - 0.5)) < 1e-12)
    #expect(s == [true, true, false])
  }

  @Test(arguments: 0...5) func refractorySteps(_ steps: Int) throws {
    let model = LIF(
      timeStep: 0.002, membraneTimeConstant: 0.020, inputGain: 1, refractorySteps: steps)
    let (u, s) = try potentials(model, drive: [Double](repeating: 2, count: 14))
    // Held for `steps` steps, or for the one of the reset.
    let period = max(steps, 1) + 1
    for time in 0..<14 {
      #expect(s[time] == time.isMultiple(of: period))
      if !time.isMultiple(of: period) { #expect(u[time] == 0) }
    }
  }

  @Test func thresholdIsStrict() throws {
    let model = LIF(timeStep: 0.002, membraneTimeConstant: 0.020, inputGain: 1)
    #expect(try potentials(model, drive: [1]).spikes == [false])
    #expect(try potentials(model, drive: [1.0000001]).spikes == [true])
  }

  @Test func synapticCurrentDecays() throws {
    let model = LIF(
      timeStep: 0.002, membraneTimeConstant: 0.020, synapticTimeConstant: 0.010, inputGain: 0.1)
    let (u, _) = try potentials(model, drive: [1, 0])
    let synaptic = exp(-0.2)
    #expect(abs(u[0] - 0.1) < 1e-12)
    #expect(abs(u[1] - (decay * 0.1 + 0.1 * synaptic)) < 1e-12)
  }

  @Test func lanesAreIndependent() throws {
    let kernel = try LIF(timeStep: 0.002, membraneTimeConstant: 0.020, refractorySteps: 3).fast()
    let reference = try LIF(timeStep: 0.002, membraneTimeConstant: 0.020, refractorySteps: 3)
      .reference(smoothed: false)
    var state = kernel.initialState
    var states = (0..<16).map { _ in reference.initialState }
    var random = RandomStream(seed: 3, stream: "drive")
    for _ in 0..<100 {
      var drive = SIMD16<Float>()
      for lane in 0..<16 { drive[lane] = Float(random.normal() * 8 + Double(lane)) }
      let emission = kernel.step(&state, drive: drive)
      for lane in 0..<16 {
        let single = reference.step(&states[lane], drive: Double(drive[lane]))
        #expect(emission.spikes.bits >> UInt16(lane) & 1 == (single.spikes ? 1 : 0))
        #expect(emission.held.bits >> UInt16(lane) & 1 == (single.held ? 1 : 0))
      }
    }
  }

  @Test func badConstantsAreRefused() {
    #expect(throws: NetworkError.self) {
      try LIF(timeStep: 0.002, membraneTimeConstant: 0.020, threshold: 0).fast()
    }
    #expect(throws: NetworkError.self) {
      try LIF(timeStep: 0.002, membraneTimeConstant: 0.020, refractorySteps: -1).fast()
    }
    #expect(throws: NetworkError.self) {
      try LIF(timeStep: 0.002, membraneTimeConstant: 0.020, synapticTimeConstant: 0.001).fast()
    }
    #expect(throws: NetworkError.self) {
      try LIF(
        timeStep: 0.002, membraneTimeConstant: 0.020, surrogate: .fastSigmoid(slope: 0)
      ).fast()
    }
  }
}
