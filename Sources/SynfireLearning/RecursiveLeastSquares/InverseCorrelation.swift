import SynfireCore

/// The inverse P of a sum of outer products of regressors s, as recursive least squares needs it (Haykin,
/// Adaptive Filter Theory, chapter 9; in neural networks Sussillo & Abbott 2009):
///
///     P_0 = initialValue I;    P_n^-1 = lambda P_{n-1}^-1 + s_n s_n^T
///
///     q = P s;    k = q / (lambda + s.q);    P = (P - q k^T) / lambda
///
/// lambda is the forgetting factor, 1 for none. Updates are exact, but the matrix is written once for
/// `blockSize` of them: what it stands for in between is c M - sum of d_i q_i q_i^T, with M as stored and
/// the q_i of the updates since. Results differ from those of one pass an update by rounding only.
public struct InverseCorrelation: Sendable {
  /// Regressors.
  public let count: Int
  /// lambda.
  public let forgetting: Double
  /// Updates that are folded into one pass over the matrix.
  public let blockSize: Int
  /// Updates made so far.
  public private(set) var updates: Int

  /// M.
  private var matrix: SymmetricMatrix
  /// The q_i of the updates since the matrix was written, [update, regressor padded].
  private var products: AlignedBuffer<Double>
  /// Their d_i.
  private var weights: [Double] = []
  /// c.
  private var scale = 1.0
  /// M s by parts, where the regressors are tracked.
  private var traces: TraceImages?
  private let pool: WorkerPool

  /// - Throws: `LearningError` for constants that make no sense.
  public init(
    count: Int, initialValue: Double = 1, forgetting: Double = 1, blockSize: Int = 32,
    pool: WorkerPool
  ) throws {
    let place = "recursive least squares"
    guard count > 0 else { throw LearningError("\(count) regressors", place: place) }
    guard initialValue > 0, initialValue.isFinite else {
      throw LearningError(
        "the initial value \(initialValue) is not above 0", place: place,
        remedy: "It is the inverse of the ridge: 1 is usual.")
    }
    guard forgetting > 0, forgetting <= 1 else {
      throw LearningError(
        "the forgetting factor \(forgetting) is not in (0, 1]", place: place,
        remedy: "1 forgets nothing.")
    }
    guard blockSize > 0 else {
      throw LearningError("blocks of \(blockSize) updates", place: place, remedy: "1 or more.")
    }
    self.init(
      matrix: SymmetricMatrix(size: count, diagonal: initialValue), forgetting: forgetting,
      blockSize: blockSize, updates: 0, pool: pool)
  }

  private init(
    matrix: SymmetricMatrix, forgetting: Double, blockSize: Int, updates: Int, pool: WorkerPool
  ) {
    count = matrix.size
    self.matrix = matrix
    self.forgetting = forgetting
    self.blockSize = blockSize
    self.updates = updates
    self.pool = pool
    products = AlignedBuffer(count: blockSize * matrix.rowLength)
  }

  /// Goes on from the lower triangle of P, row by row, as a checkpoint has it.
  ///
  /// - Throws: `LearningError` when it is of another size.
  public mutating func restore(triangle: [Double], updates: Int) throws {
    guard triangle.count == count * (count + 1) / 2 else {
      throw LearningError(
        "\(triangle.count) numbers are no lower triangle of \(count) rows",
        place: "recursive least squares")
    }
    self = InverseCorrelation(
      matrix: SymmetricMatrix(size: count, lowerTriangle: triangle), forgetting: forgetting,
      blockSize: blockSize, updates: updates, pool: pool)
  }

  /// The lower triangle of P, row by row.
  public var triangle: [Double] {
    get throws {
      var written = self
      try written.write()
      return written.matrix.lowerTriangle
    }
  }

  /// Numbers from one vector of regressors to the next, `count` rounded up to eight.
  public var rowLength: Int { matrix.rowLength }

  /// Takes a sample in.
  ///
  /// - Parameters:
  ///   - regressors: s, `rowLength` numbers aligned to 64 bytes, zeros behind the first `count`. Regressors
  ///     that are tracked are to be what `advance` has made of them.
  ///   - gain: becomes k, of the same layout.
  /// - Returns: s.q. The errors of this sample shrink to lambda / (lambda + s.q) of what they were.
  /// - Throws: `LearningError` when P is not positive definite any more, with the number of the update.
  @discardableResult
  public mutating func update(
    _ regressors: UnsafePointer<Double>, gain: UnsafeMutablePointer<Double>
  ) throws -> Double {
    makeUnique()
    let product = products.pointer + weights.count * rowLength
    if let traces {
      traces.sum(into: product, vectors: vectors)
    } else {
      try matrix.multiply(regressors, into: product, pool: pool)
    }
    DoubleRows.scale(product, by: scale, vectors: vectors)
    subtractPending(along: regressors, from: product)
    let variance = DoubleRows.dot(product, regressors, vectors: vectors)
    guard variance >= 0, variance.isFinite else { throw indefinite("s.P s is \(variance)") }
    let denominator = forgetting + variance
    gain.update(from: product, count: rowLength)
    DoubleRows.scale(gain, by: 1 / denominator, vectors: vectors)

    for index in weights.indices { weights[index] /= forgetting }
    weights.append(1 / (forgetting * denominator))
    scale /= forgetting
    updates += 1
    if weights.count == blockSize { try fold(regressors) }
    return variance
  }

  /// Tells the inverse correlation which regressors are traces of spikes, which makes updates cheap: see
  /// `advance`.
  ///
  /// - Parameters:
  ///   - groups: adjoining ranges that cover all regressors; those of a group decay alike.
  ///   - regressors: s, laid out as for `update`.
  public mutating func track(
    groups: [Range<Int>], _ regressors: UnsafePointer<Double>
  ) throws {
    try write()
    let traces = TraceImages(groups: groups, rowLength: rowLength)
    for (group, image) in zip(groups, traces.images) {
      try matrix.multiply(
        traces.part(group, of: regressors), into: image.pointer, pool: pool)
    }
    self.traces = traces
  }

  /// Follows the tracked regressors by a step: s_g = decay_g s_g, and + jump_g for each event.
  ///
  /// The product M s that an update begins with is kept up to date by the rows of M that the events name,
  /// which are few, instead of by all of them.
  ///
  /// - Parameters:
  ///   - decays: by group, as jumps are.
  ///   - events: positions in each of the groups.
  public mutating func advance(decays: [Double], jumps: [Double], events: [Int]) {
    guard var traces else { return }
    self.traces = nil
    traces.advance(decays: decays, jumps: jumps, events: events, matrix)
    self.traces = traces
  }

  /// Takes the regressors as any numbers again.
  public mutating func endTracking() { traces = nil }

  /// Writes the updates since the last time into the matrix.
  ///
  /// - Parameter regressors: s as in the last update, or as `advance` has made of it since; may be nil
  ///   where they are not tracked.
  public mutating func fold(_ regressors: UnsafePointer<Double>? = nil) throws {
    if var traces {
      guard let regressors else { preconditionFailure("tracked regressors are to be given") }
      self.traces = nil
      traces.makeUnique()
      for (group, image) in zip(traces.groups, traces.images) {
        DoubleRows.scale(image.pointer, by: scale, vectors: vectors)
        subtractPending(along: traces.part(group, of: regressors), from: image.pointer)
      }
      self.traces = traces
    }
    try write()
  }

  /// target -= sum of d_i q_i (q_i . direction).
  private func subtractPending(
    along direction: UnsafePointer<Double>, from target: UnsafeMutablePointer<Double>
  ) {
    for (index, weight) in weights.enumerated() {
      let earlier = UnsafePointer(products.pointer + index * rowLength)
      DoubleRows.add(
        earlier, times: -weight * DoubleRows.dot(earlier, direction, vectors: vectors), to: target,
        vectors: vectors)
    }
  }

  /// Brings the matrix up to date.
  ///
  /// - Throws: `LearningError` when an element of the diagonal is not above 0 any more.
  private mutating func write() throws {
    guard !weights.isEmpty else { return }
    try matrix.subtractOuterProducts(
      products.pointer, weights: weights, scale: scale, pool: pool)
    weights.removeAll(keepingCapacity: true)
    scale = 1
    for index in 0..<count {
      let value = matrix[index, index]
      guard value > 0, value.isFinite else {
        throw indefinite("the diagonal element of regressor \(index) is \(value)")
      }
    }
  }

  /// Looks at all directions, at the cost of a decomposition; updates only look along their regressors and at
  /// the diagonal.
  ///
  /// - Throws: `LearningError` when P is not positive definite any more.
  public func requirePositiveDefinite() throws {
    var written = self
    try written.write()
    guard LinearAlgebra.isPositiveDefinite(written.matrix) else {
      throw indefinite("it has no Cholesky decomposition")
    }
  }

  private var vectors: Int { rowLength / 8 }

  private mutating func makeUnique() {
    if !isKnownUniquelyReferenced(&products) { products = products.copy() }
  }

  private func indefinite(_ what: String) -> LearningError {
    LearningError(
      "the inverse correlation is not positive definite any more: \(what)",
      place: "recursive least squares, update \(updates + 1)",
      remedy: "Use a forgetting factor nearer to 1, a smaller initial value, or regressors of "
        + "like scale.", isUserMistake: false)
  }
}
