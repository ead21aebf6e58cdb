import SynfireCore

/// Sums of products of activity, for the principal components of recordings too long to keep.
///
/// Without the mean removed, which is how the factors of a spiking network are made of a rate network's
/// activity (DePasquale et al. 2023, code), the components belong to sum of x x^T; with it, to that of
/// (x - m)(x - m)^T.
public struct SecondMoments: Sendable {
  public let neurons: Int
  /// Samples so far.
  public private(set) var samples = 0
  private var sum: [Double]
  private var matrix: SymmetricMatrix
  /// Samples that are not in the matrix yet, [sample, neuron padded].
  private var waiting: AlignedBuffer<Double>
  private var waitingCount = 0
  private let pool: WorkerPool
  private static let block = 32

  /// - Throws: `AnalysisError` without neurons.
  public init(neurons: Int, pool: WorkerPool = WorkerPool(threads: 1)) throws {
    guard neurons > 0 else { throw AnalysisError("\(neurons) neurons", place: "second moments") }
    self.neurons = neurons
    self.pool = pool
    sum = [Double](repeating: 0, count: neurons)
    matrix = SymmetricMatrix(size: neurons, diagonal: 0)
    waiting = AlignedBuffer(count: Self.block * matrix.rowLength)
  }

  /// Takes the activity of all neurons at one time in.
  public mutating func add(_ sample: UnsafePointer<Double>) throws {
    if !isKnownUniquelyReferenced(&waiting) { waiting = waiting.copy() }
    (waiting.pointer + waitingCount * matrix.rowLength).update(from: sample, count: neurons)
    for neuron in 0..<neurons { sum[neuron] += sample[neuron] }
    waitingCount += 1
    samples += 1
    if waitingCount == Self.block { try fold() }
  }

  private mutating func fold() throws {
    try matrix.subtractOuterProducts(
      waiting.pointer, weights: [Double](repeating: -1, count: waitingCount), scale: 1, pool: pool)
    waitingCount = 0
  }

  /// Eigenvalues in descending order, and unit eigenvectors.
  public struct Components: Sendable {
    /// Sums over samples, not means.
    public let eigenvalues: [Double]
    /// Axes [neuron, component].
    public let vectors: Tensor<Double>

    /// The fraction of all that the first so many components hold, for 1, 2, ... of them.
    public var cumulative: [Double] {
      let total = eigenvalues.reduce(0, +)
      var sum = 0.0
      return eigenvalues.map { value in
        sum += value
        return total > 0 ? sum / total : 0
      }
    }

    /// The least number of components that hold more than a fraction.
    public func count(above fraction: Double) -> Int {
      (cumulative.firstIndex { $0 > fraction } ?? eigenvalues.count - 1) + 1
    }

    /// The first components, axes [neuron, component].
    ///
    /// - Throws: `AnalysisError` when there are not as many.
    public func leading(_ count: Int) throws -> Tensor<Double> {
      let all = eigenvalues.count
      guard count >= 1, count <= all else {
        throw AnalysisError(
          "\(count) components of \(all) units", place: "principal components",
          remedy: "Ask for 1 to \(all).")
      }
      return Tensor(
        axes: vectors.axes, shape: [all, count],
        values: (0..<all).flatMap { row in (0..<count).map { vectors[row, $0] } })
    }
  }

  /// The principal components of what was taken in.
  ///
  /// - Throws: `AnalysisError` when there is nothing to decompose, or nothing varies.
  public func components(removingMean: Bool) throws -> Components {
    var moments = self
    if waitingCount > 0 { try moments.fold() }
    var values = (0..<neurons).flatMap { row in (0..<neurons).map { moments.matrix[row, $0] } }
    if removingMean {
      for row in 0..<neurons {
        for column in 0..<neurons {
          values[row * neurons + column] -= sum[row] * sum[column] / Double(max(1, samples))
        }
      }
    }
    guard samples > 0, (0..<neurons).contains(where: { values[$0 * (neurons + 1)] > 0 }) else {
      throw AnalysisError(
        samples == 0 ? "no samples" : "the activity is constant", place: "principal components",
        remedy: "Record activity that varies.")
    }
    let (eigenvalues, vectors) = try LinearAlgebra.symmetricEigen(
      Tensor(axes: ["row", "column"], shape: [neurons, neurons], values: values))
    return Components(
      eigenvalues: eigenvalues,
      vectors: Tensor(
        axes: ["neuron", "component"], shape: [neurons, neurons], values: vectors.values))
  }
}
