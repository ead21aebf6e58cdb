import SynfireCore
import SynfireNetworks
import Testing

/// An error that is thrown while kernels read the inputs reaches the caller.
struct TrialInputsTests {
  @Test(arguments: [
    TrialInputs.analog(Tensor(axes: ["time", "trial", "channel"], shape: [2, 3, 4])),
    TrialInputs.spikes(SpikeTensor(steps: 2, trials: 3, neurons: 4)),
  ])
  func errorsComeThrough(_ inputs: TrialInputs) {
    let error = #expect(throws: NetworkError.self) {
      try inputs.withActivity { _ in throw NetworkError("no", place: "here") }
    }
    #expect(error?.what == "no" && error?.place == "here")
  }

  @Test func valuesComeThrough() throws {
    let inputs = TrialInputs.analog(
      Tensor(axes: ["time", "trial", "channel"], shape: [1, 1, 2], values: [3, 4]))
    let read = try inputs.withActivity { activity -> [Float] in
      guard case .analog(let values, _, _) = activity else { return [] }
      return [values[0], values[1]]
    }
    #expect(read == [3, 4])
  }
}
