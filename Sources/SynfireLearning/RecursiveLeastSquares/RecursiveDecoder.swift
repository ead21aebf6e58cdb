import SynfireCore

/// Linear outputs y = w s of many regressors s, learned by recursive least squares: all outputs share one
/// gain, so that the cost of an update hardly depends on their number.
///
///     y = w s;    k from `InverseCorrelation`;    w -= (y - target) k^T
///
/// After n updates that each take the error of the weights before it, w minimises the sum over samples of
/// lambda^(n - i) |w s_i - target_i|^2, plus lambda^n |w - w_0|^2 / initialValue. Right after an update the
/// error of its sample is 1 / (1 + s.P s / lambda) of what it was.
public struct RecursiveDecoder: Sendable {
  public let outputs: Int
  public var correlation: InverseCorrelation
  /// w [output, regressor padded].
  private var buffer: AlignedBuffer<Double>
  private var gainBuffer: AlignedBuffer<Double>

  /// Weights that start at 0.
  ///
  /// - Throws: `LearningError` for constants that make no sense.
  public init(
    regressors: Int, outputs: Int, initialValue: Double = 1, forgetting: Double = 1,
    blockSize: Int = 32, pool: WorkerPool
  ) throws {
    guard outputs > 0 else {
      throw LearningError("\(outputs) outputs", place: "recursive least squares")
    }
    self.outputs = outputs
    correlation = try InverseCorrelation(
      count: regressors, initialValue: initialValue, forgetting: forgetting, blockSize: blockSize,
      pool: pool)
    buffer = AlignedBuffer(count: outputs * correlation.rowLength)
    gainBuffer = AlignedBuffer(count: correlation.rowLength)
  }

  public var regressors: Int { correlation.count }
  /// Numbers that a vector of regressors has, zeros behind the first `regressors`.
  public var rowLength: Int { correlation.rowLength }

  /// w, axes [output, regressor].
  public var weights: Tensor<Double> {
    get {
      Tensor(
        axes: ["output", "regressor"], shape: [outputs, regressors],
        values: (0..<outputs).flatMap { output in
          UnsafeBufferPointer(start: buffer.pointer + output * rowLength, count: regressors)
        })
    }
    set {
      precondition(newValue.shape == [outputs, regressors])
      buffer = AlignedBuffer(count: outputs * rowLength)
      for output in 0..<outputs {
        for regressor in 0..<regressors {
          buffer.pointer[output * rowLength + regressor] =
            newValue.values[output * regressors + regressor]
        }
      }
    }
  }

  /// The gain k of the last update.
  public var gain: [Double] {
    [Double](UnsafeBufferPointer(start: gainBuffer.pointer, count: regressors))
  }

  /// Writes y = w s.
  ///
  /// - Parameter regressors: `rowLength` numbers aligned to 64 bytes, zeros behind the first `regressors`.
  public func predict(
    _ regressors: UnsafePointer<Double>, into outputs: UnsafeMutablePointer<Double>
  ) {
    for output in 0..<self.outputs {
      outputs[output] = DoubleRows.dot(
        buffer.pointer + output * rowLength, regressors, vectors: rowLength / 8)
    }
  }

  /// Learns from one sample.
  ///
  /// - Parameters:
  ///   - regressors: as for `predict`.
  ///   - errors: y - target, of the weights as they are, for each output.
  /// - Returns: s.P s before the update.
  /// - Throws: `LearningError` when the inverse correlation is not positive definite any more.
  @discardableResult
  public mutating func update(
    _ regressors: UnsafePointer<Double>, errors: UnsafePointer<Double>
  ) throws -> Double {
    if !isKnownUniquelyReferenced(&buffer) { buffer = buffer.copy() }
    if !isKnownUniquelyReferenced(&gainBuffer) { gainBuffer = gainBuffer.copy() }
    let variance = try correlation.update(regressors, gain: gainBuffer.pointer)
    for output in 0..<outputs {
      DoubleRows.add(
        gainBuffer.pointer, times: -errors[output], to: buffer.pointer + output * rowLength,
        vectors: rowLength / 8)
    }
    return variance
  }
}
