import SynfireCore
import Testing

@Suite struct TensorTests {
  @Test func elementsAreStoredWithTheLastAxisFastest() {
    var tensor = Tensor<Float>(axes: ["time", "trial", "neuron"], shape: [2, 3, 4])
    #expect(tensor.count == 24)
    tensor[1, 2, 3] = 5
    tensor[0, 1, 0] = 7
    #expect(tensor.values[23] == 5 && tensor.values[4] == 7)
    #expect(tensor[1, 2, 3] == 5 && tensor[0, 0, 0] == 0)
  }

  @Test func firstNonFiniteIsFoundByPosition() {
    var tensor = Tensor<Double>(axes: ["row", "column"], shape: [3, 5], repeating: 1)
    #expect(tensor.firstNonFinite == nil)
    tensor[2, 4] = .nan
    #expect(tensor.firstNonFinite == [2, 4])
    tensor[1, 3] = -.infinity
    #expect(tensor.firstNonFinite == [1, 3])
  }

  @Test func conversionKeepsShapeAndNumbers() {
    let tensor = Tensor<Double>(axes: ["mode"], shape: [3], values: [0.1, -2, 1e300])
    let single: Tensor<Float> = tensor.converted()
    #expect(single.axes == ["mode"] && single.shape == [3])
    #expect(single.values == [0.1, -2, .infinity])
    #expect(
      Tensor<Float>(axes: [], shape: [], values: [3]).converted(to: Double.self).values == [3])
  }

  @Test func emptyTensors() {
    let tensor = Tensor<Float>(axes: ["time", "neuron"], shape: [0, 4])
    #expect(tensor.count == 0 && tensor.firstNonFinite == nil)
  }

  @Test func namedTensorsKeepTheirOrder() {
    let vector = { (values: [Float]) in
      Tensor<Float>(axes: ["neuron"], shape: [values.count], values: values)
    }
    var tensors = NamedTensors([("z", vector([1])), ("a", vector([2, 3]))])
    tensors["m"] = vector([4, 5, 6])
    #expect(tensors.names == ["z", "a", "m"] && tensors.count == 6)
    tensors["z"] = vector([9])
    #expect(tensors.names == ["z", "a", "m"] && tensors["z"]?.values == [9])
    tensors["a"] = nil
    #expect(tensors.names == ["z", "m"] && tensors["a"] == nil)
    tensors["a"] = nil
    #expect(tensors.names == ["z", "m"])
    let count = tensors.update("m") { tensor -> Int in
      tensor.values[0] = -1
      return tensor.count
    }
    #expect(count == 3 && tensors["m"]?.values == [-1, 5, 6])
    #expect(tensors.pairs.map(\.name) == ["z", "m"])
    #expect(tensors.zeros().pairs.map(\.tensor.values) == [[0], [0, 0, 0]])
    #expect(tensors.converted(to: Double.self)["m"]?.values == [-1, 5, 6])
  }

  @Test(arguments: [0, 1, 15, 16, 17, 1000])
  func buffersAreZeroedAndAligned(count: Int) {
    let buffer = AlignedBuffer<Float>(count: count)
    #expect(Int(bitPattern: buffer.pointer) % 64 == 0)
    #expect(buffer.count == count && buffer.byteCount == 4 * count)
    #expect((0..<count).allSatisfy { buffer.pointer[$0] == 0 })
    for index in 0..<count { buffer.pointer[index] = 1 }
    buffer.clear()
    #expect((0..<count).allSatisfy { buffer.pointer[$0] == 0 })
  }

  @Test func lanesArePaddedUpwards() {
    #expect([0, 1, 15, 16, 17, 100].map(paddedToLanes) == [0, 16, 16, 16, 32, 112])
  }

  @Test func errorsSayWhatWhereAndWhatToDo() {
    let error = CoreError("3 columns", place: "weights", remedy: "Give 4.")
    #expect(error.description == "weights: 3 columns\n  Give 4.")
    #expect(error.isUserMistake && CoreError("bare").description == "bare")
    #expect(!CoreError("broken", isUserMistake: false).isUserMistake)
  }

  @Test func batchesKnowTheirSizes() {
    let spikes = TrialInputs.spikes(SpikeTensor(steps: 5, trials: 3, neurons: 70))
    #expect(spikes.steps == 5 && spikes.trials == 3 && spikes.channels == 70)
    let analog = TrialInputs.analog(
      Tensor(axes: ["time", "trial", "channel"], shape: [6, 2, 4]))
    let batch = TrialBatch(
      inputs: analog, targets: .classes([0, 1]), conditions: ["context": [1, 0]])
    #expect(batch.steps == 6 && batch.trials == 2 && batch.inputs.channels == 4)
  }
}
