import SynfireCore

/// Least squares with weights of given signs, by coordinate descent:
///
///     minimise x.A x - 2 b.x + ridge |x|^2,    x_j signs_j >= 0
///
///     x_j = clip((b_j - sum over k != j of A_jk x_k) / (A_jj + ridge))        one j after another
///
/// until a sweep over all j changes x by less than `tolerance` of its length. Now and then the weights that are
/// not 0 are moved together, towards the solution of the linear system that they alone have: regressors that
/// resemble each other would take thousands of sweeps. A is positive semidefinite and the ridge makes the minimum
/// unique. At it, with the gradient g = (A + ridge) x - b, g_j = 0 where x_j is
/// not 0, and g_j signs_j >= 0 where it is (Karush, Kuhn & Tucker).
public struct SignConstrainedRow: Sendable {
  /// When to stop.
  public struct Limits: Sendable, Equatable {
    /// The change of a sweep over the length of x.
    public var tolerance = 1e-6
    public var sweeps = 1000

    public init(tolerance: Double = 1e-6, sweeps: Int = 1000) {
      self.tolerance = tolerance
      self.sweeps = sweeps
    }
  }

  /// How a solution came about.
  public struct Outcome: Sendable, Equatable {
    public var sweeps: Int
    /// That of the last sweep, over the length of x.
    public var change: Double
  }

  /// Numbers in x.
  public let count: Int
  private let vectors: Int
  /// A + ridge, row by row; padded with zeros, as b - (A + ridge) x is.
  private let matrix: AlignedBuffer<Double>
  private let residual: AlignedBuffer<Double>
  /// The part of the matrix for the weights that are not 0, and their steps; then the steps of all.
  private let part: AlignedBuffer<Double>
  private let steps: AlignedBuffer<Double>
  /// The change of the residual by those steps.
  private let fall: AlignedBuffer<Double>

  /// Room for a problem of that size, which one thread uses at a time.
  public init(count: Int) {
    self.count = count
    let rowLength = SymmetricMatrix.padded(count)
    vectors = rowLength / 8
    matrix = AlignedBuffer(count: count * rowLength)
    residual = AlignedBuffer(count: rowLength)
    part = AlignedBuffer(count: count * count)
    steps = AlignedBuffer(count: count)
    fall = AlignedBuffer(count: rowLength)
  }

  /// Solves one problem, from `x` on.
  ///
  /// - Parameters:
  ///   - element: A, asked for the lower triangle.
  ///   - signs: 1, -1, or 0 for a weight that is free.
  ///   - x: where to start; becomes the solution.
  public func solve(
    _ element: (Int, Int) -> Double, _ b: [Double], signs: [Int], ridge: Double, limits: Limits,
    _ x: inout [Double]
  ) -> Outcome {
    let rowLength = vectors * 8
    for row in 0..<count {
      for column in 0..<row {
        let value = element(row, column)
        matrix.pointer[row * rowLength + column] = value
        matrix.pointer[column * rowLength + row] = value
      }
      matrix.pointer[row * rowLength + row] = element(row, row) + ridge
    }
    residual.pointer.update(from: b, count: count)
    for index in 0..<count {
      x[index] = Self.clipped(x[index], signs[index])
      subtract(x[index], index)
    }
    var outcome = Outcome(sweeps: 0, change: .infinity)
    while outcome.sweeps < limits.sweeps {
      var (change, length) = (0.0, 0.0)
      for index in 0..<count {
        // A regressor that was never active has no say.
        let curvature = matrix.pointer[index * rowLength + index]
        guard curvature > 0 else { continue }
        let next = Self.clipped(x[index] + residual.pointer[index] / curvature, signs[index])
        let difference = next - x[index]
        if difference != 0 {
          x[index] = next
          subtract(difference, index)
        }
        change += difference * difference
        length += next * next
      }
      outcome.sweeps += 1
      outcome.change = length > 0 ? (change / length).squareRoot() : 0
      if change <= limits.tolerance * limits.tolerance * length { break }
      if outcome.sweeps % Self.sweepsBetweenJumps == 0 { jump(&x, signs) }
    }
    return outcome
  }

  private static let sweepsBetweenJumps = 5

  /// Moves the weights that are not 0 to where the gradient along them vanishes, as far as signs let them; not at
  /// all where that would not lower what is minimised.
  private func jump(_ x: inout [Double], _ signs: [Int]) {
    let (rowLength, free) = (vectors * 8, (0..<count).filter { x[$0] != 0 })
    for (row, index) in free.enumerated() {
      for column in 0...row {
        part.pointer[row * free.count + column] = matrix.pointer[index * rowLength + free[column]]
      }
      steps.pointer[row] = residual.pointer[index]
    }
    guard
      LinearAlgebra.solvePositiveDefinite(part.pointer, steps.pointer, size: free.count)
    else { return }
    fall.clear()
    var gain = 0.0
    for (row, index) in free.enumerated() {
      let step = Self.clipped(x[index] + steps.pointer[row], signs[index]) - x[index]
      steps.pointer[row] = step
      gain += 2 * step * residual.pointer[index]
      DoubleRows.add(
        matrix.pointer + index * rowLength, times: step, to: fall.pointer, vectors: vectors)
    }
    for (row, index) in free.enumerated() { gain -= steps.pointer[row] * fall.pointer[index] }
    guard gain > 0 else { return }
    for (row, index) in free.enumerated() { x[index] += steps.pointer[row] }
    for index in 0..<count { residual.pointer[index] -= fall.pointer[index] }
  }

  /// residual -= step times column `index` of the matrix.
  private func subtract(_ step: Double, _ index: Int) {
    DoubleRows.add(
      matrix.pointer + index * vectors * 8, times: -step, to: residual.pointer, vectors: vectors)
  }

  private static func clipped(_ value: Double, _ sign: Int) -> Double {
    value * Double(sign) < 0 ? 0 : value
  }

  /// The same, as it is written above; what `solve` is tested against.
  public static func reference(
    _ a: [[Double]], _ b: [Double], signs: [Int], ridge: Double, limits: Limits, _ x: inout [Double]
  ) -> Outcome {
    x = zip(x, signs).map { clipped($0, $1) }
    for sweep in 1...max(1, limits.sweeps) {
      let before = x
      for j in x.indices where a[j][j] + ridge > 0 {
        let others = x.indices.reduce(0) { $1 == j ? $0 : $0 + a[j][$1] * x[$1] }
        x[j] = clipped((b[j] - others) / (a[j][j] + ridge), signs[j])
      }
      let change = zip(x, before).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
      let length = x.reduce(0) { $0 + $1 * $1 }.squareRoot()
      if change <= limits.tolerance * length || sweep == limits.sweeps {
        return Outcome(sweeps: sweep, change: length > 0 ? change / length : 0)
      }
    }
    preconditionFailure("there is at least one sweep")
  }
}
