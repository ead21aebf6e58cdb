import SynfireCore

extension Sparse {
  /// theta at the start [postsynaptic, presynaptic] (Bellec et al. 2018, rewiring_tools.py).
  ///
  /// int(n m density) synapses of the n x m are drawn independently, so that some are drawn twice and
  /// slightly fewer are connected than the density says.
  func initialWeights(presynaptic: Int, postsynaptic: Int) -> [Double] {
    var stream = RandomStream(seed: seed, stream: "initial \(name)")
    let magnitudes =
      signs == nil
      ? (0..<presynaptic * postsynaptic).map { _ in
        abs(stream.normal()) / Double(presynaptic).squareRoot()
      }
      : balanced(presynaptic: presynaptic, postsynaptic: postsynaptic, &stream)
    var result = [Double](repeating: 0, count: presynaptic * postsynaptic)
    let draws = Int(Double(presynaptic * postsynaptic) * density)
    for _ in 0..<draws {
      let pre = stream.integer(below: presynaptic)
      let post = stream.integer(below: postsynaptic)
      guard !excludesAutapses || countsAutapses || pre != post else { continue }
      result[post * presynaptic + pre] = magnitudes[post * presynaptic + pre]
    }
    return result
  }

  /// Magnitudes [postsynaptic, presynaptic] of columns of a square matrix that is balanced and has
  /// spectral radius 1.
  private func balanced(
    presynaptic count: Int, postsynaptic: Int, _ stream: inout RandomStream
  ) -> [Double] {
    let square = balancedSquare(count, &stream)
    let columns =
      count >= postsynaptic
      ? Array(0..<postsynaptic) : (0..<postsynaptic).map { _ in stream.integer(below: count) }
    return columns.flatMap { column in (0..<count).map { square[$0 * count + column] } }
  }

  /// Magnitudes [presynaptic, postsynaptic] of which each column with its signs sums to 0, and whose
  /// signed matrix has spectral radius 1; needs `signs`.
  package func balancedSquare(_ count: Int, _ stream: inout RandomStream) -> [Double] {
    let signs = self.signs!.values
    var values = (0..<count * count).map { _ in abs(stream.normal()) }
    let inhibitory = signs.indices.filter { signs[$0] < 0 }
    let excitatory = signs.indices.filter { signs[$0] > 0 }
    // Balance needs both kinds.
    if !inhibitory.isEmpty, !excitatory.isEmpty {
      func sum(_ rows: [Int]) -> Double {
        rows.reduce(0) { $0 + values[$1 * count..<($1 + 1) * count].reduce(0, +) }
      }
      let ratio = sum(excitatory) / sum(inhibitory)
      for row in inhibitory {
        for column in 0..<count { values[row * count + column] *= ratio }
      }
      for column in 0..<count {
        let up = excitatory.reduce(0) { $0 + values[$1 * count + column] }
        let down = inhibitory.reduce(0) { $0 + values[$1 * count + column] }
        let rows = up < down ? excitatory : inhibitory
        for row in rows { values[row * count + column] += abs(up - down) / Double(rows.count) }
      }
    }
    let signed = Tensor<Double>(
      axes: ["row", "column"], shape: [count, count],
      values: values.indices.map { values[$0] * Double(signs[$0 / count]) })
    // Finite and square, so that only a failure of the iteration is left, which keeps the scale.
    let radius = (try? LinearAlgebra.spectralRadius(signed)) ?? 1
    return radius > 0 ? values.map { $0 / radius } : values
  }
}
