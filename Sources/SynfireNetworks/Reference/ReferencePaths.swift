import SynfireCore

/// When the activity of each presynaptic neuron reaches each postsynaptic one.
struct ReferencePaths {
  let latency: Int
  /// [postsynaptic, presynaptic].
  let delays: [Int]?

  /// Calls `body` for each synapse, with the steps from activity to drive.
  func forEach(
    _ weights: [[Double]], _ body: (_ post: Int, _ pre: Int, _ steps: Int) -> Void
  ) {
    for post in weights.indices {
      for pre in weights[post].indices {
        body(post, pre, latency + (delays?[post * weights[post].count + pre] ?? 0))
      }
    }
  }

  /// drive += weights times the activity [time][presynaptic] that arrives at a step.
  func add(
    _ weights: [[Double]], times activity: [[Double]], at time: Int, to drive: inout [Double]
  ) {
    forEach(weights) { post, pre, steps in
      guard time >= steps else { return }
      drive[post] += weights[post][pre] * activity[time - steps][pre]
    }
  }

  /// gradient += what the adjoint of the drive of a step says of the weights.
  func addGradient(
    _ adjoint: [Double], _ activity: [[Double]], at time: Int, to gradient: inout [[Double]]
  ) {
    forEach(gradient) { post, pre, steps in
      guard time >= steps else { return }
      gradient[post][pre] += adjoint[post] * activity[time - steps][pre]
    }
  }

  /// The adjoint of the activity of a step from those of the drives [time][postsynaptic].
  func adjoint(
    ofActivityAt time: Int, through weights: [[Double]], _ drives: [[Double]]
  ) -> [Double] {
    var result = [Double](repeating: 0, count: weights[0].count)
    forEach(weights) { post, pre, steps in
      guard time + steps < drives.count else { return }
      result[pre] += weights[post][pre] * drives[time + steps][post]
    }
    return result
  }
}

extension SynapseWiring {
  var paths: ReferencePaths { ReferencePaths(latency: latency, delays: delays) }
}

extension ExponentialFilter<Double>? {
  /// The filtered sequence of each column of [time][neuron].
  func filtered(_ sequence: [[Double]]) -> [[Double]] {
    guard let filter = self, let width = sequence.first?.count else { return sequence }
    var states = [ExponentialFilter<Double>.State](repeating: .init(), count: width)
    return sequence.map { row in row.indices.map { filter.step(&states[$0], row[$0]) } }
  }

  /// The adjoint of the sequence from that of the filtered one.
  func adjointOfFiltered(_ adjoints: [[Double]]) -> [[Double]] {
    guard let filter = self, let width = adjoints.first?.count else { return adjoints }
    var states = [ExponentialFilter<Double>.State](repeating: .init(), count: width)
    return adjoints.reversed().map { row in
      row.indices.map { filter.adjointStep(&states[$0], row[$0]) }
    }.reversed()
  }
}

extension [Double] {
  /// self += matrix vector.
  mutating func add(_ matrix: [[Double]], times vector: [Double]) {
    for row in indices {
      for column in vector.indices { self[row] += matrix[row][column] * vector[column] }
    }
  }

  /// self += matrix^T vector.
  mutating func add(transposeOf matrix: [[Double]], times vector: [Double]) {
    for row in vector.indices where vector[row] != 0 {
      for column in indices { self[column] += matrix[row][column] * vector[row] }
    }
  }
}

extension [[Double]] {
  static func zeros(_ rows: Int, _ columns: Int) -> [[Double]] {
    [[Double]](repeating: [Double](repeating: 0, count: columns), count: rows)
  }

  /// self += column row^T.
  mutating func addOuter(_ column: [Double], _ row: [Double]) {
    for i in column.indices where column[i] != 0 {
      for j in row.indices { self[i][j] += column[i] * row[j] }
    }
  }

  /// A matrix from a tensor of two axes.
  init(_ tensor: Tensor<Double>) {
    let columns = tensor.shape[1]
    self = (0..<tensor.shape[0]).map {
      Array<Double>(tensor.values[$0 * columns..<($0 + 1) * columns])
    }
  }
}
