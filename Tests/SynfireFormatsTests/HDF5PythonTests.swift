import SynfireCore
import SynfireFormats
import Testing

@Suite(.enabled(if: Python.isThere, "needs SYNFIRE_PYTHON, a Python with h5py"))
struct HDF5PythonTests {
  @Test func h5pyReadsWhatSynfireWrites() throws {
    let scratch = try Scratch()
    let path = scratch.file("run.h5")
    var spikes = SpikeTensor(steps: 3, trials: 2, neurons: 70)
    spikes[2, 1, 69] = true
    let storage = HDF5File.Storage(compression: 4, checksums: true)
    try HDF5File.write(to: path, storage: storage) { file in
      try file.write(
        Tensor<Float>(axes: ["neuron", "channel"], shape: [2, 2], values: [1, 2, 3, 4.5]),
        to: "parameters/hidden.input.weights")
      try file.write([3, -4], to: "counters")
      try file.write("τ", to: "configuration")
      try file.write(["ξ", "b"], to: "names")
      try file.write(spikes, to: "spikes")
      try file.setAttribute("done", true)
      try file.setAttribute("step", 7)
      try file.setAttribute("loss", 0.5)
      try file.setAttribute("version", "0.1 ß")
      try file.write(ColumnTable([("loss", [1, .nan])]), to: "metrics")
    }
    try Python.run(
      """
      import h5py, sys, numpy as np
      f = h5py.File(sys.argv[1])
      w = f['parameters/hidden.input.weights']
      assert w.dtype == np.float32 and w[:].tolist() == [[1, 2], [3, 4.5]], w[:]
      assert w.fletcher32 and w.compression == 'gzip'
      assert list(w.attrs['axes']) == ['neuron', 'channel'], w.attrs['axes']
      assert f['counters'].dtype == np.int64 and f['counters'][:].tolist() == [3, -4]
      assert f['configuration'].asstr()[()] == 'τ'
      assert f['names'].asstr()[:].tolist() == ['ξ', 'b']
      assert f['spikes'].dtype == np.uint8 and f['spikes'].shape == (3, 2, 70)
      assert f['spikes'][:].sum() == 1 and f['spikes'][2, 1, 69] == 1 and f['spikes'].shuffle
      assert f.attrs['done'] == np.True_ and f.attrs['done'].dtype == bool
      assert f.attrs['step'] == 7 and f.attrs['loss'] == 0.5 and f.attrs['version'] == '0.1 ß'
      assert f['metrics/loss'][0] == 1 and np.isnan(f['metrics/loss'][1])
      """, path)
  }

  @Test func synfireReadsWhatH5pyWrites() throws {
    let scratch = try Scratch()
    let path = scratch.file("h5py.h5")
    try Python.run(
      """
      import h5py, sys, numpy as np
      with h5py.File(sys.argv[1], 'w', libver=('v108', 'v110')) as f:
        f['half'] = np.array([[0.5, -2]], np.float16)
        f['big'] = np.array([1.5], '>f8')
        f['labels'] = np.array([3, 1], np.int32)
        f['mask'] = np.array([True, False])
        f['fixed'] = np.array([b'ab', b'c'])
        f.create_dataset('z/deep', data=np.arange(5000.0).reshape(50, 100), compression='gzip',
          shuffle=True, fletcher32=True, chunks=(7, 9))
        f['z'].attrs['n'] = np.int16(5)
        f['z'].attrs['ok'] = np.bool_(True)
        f['z'].attrs['name'] = 'ü'
        f['link'] = h5py.SoftLink('/nowhere')
      """, path)
    #expect(try HDF5File.verifySeal(path) == .unsealed)
    let file = try HDF5File.open(path)
    #expect(try file.tensor("half", as: Float.self).values == [0.5, -2])
    #expect(try file.tensor("half", as: Float.self).axes == ["axis0", "axis1"])
    #expect(try file.tensor("big", as: Double.self).values == [1.5])
    #expect(try file.integers("labels") == [3, 1])
    #expect(try file.tensor("mask", as: Float.self).values == [1, 0])
    #expect(try file.strings("fixed") == ["ab", "c"])
    let deep: Tensor<Double> = try file.tensor("z/deep")
    #expect(deep.shape == [50, 100] && deep.values == (0..<5000).map(Double.init))
    #expect(try file.attribute("n", of: "z") == .integer(5))
    #expect(try file.attribute("ok", of: "z") == .boolean(true))
    #expect(try file.attribute("name", of: "z") == .string("ü"))
    #expect(try file.datasets() == ["big", "fixed", "half", "labels", "mask", "z/deep"])
    #expect(try file.tensors(as: Double.self).names == ["big", "half", "labels", "mask", "z/deep"])
  }
}
