/// A symmetric matrix in `Double` that is read by products and changed by sums of outer products.
///
/// Both triangles are stored, so that a column is a row and lies together, but only the lower one is
/// computed with: a product reads it once for both, an update writes its mirror image, and the matrix
/// stays symmetric to the last bit. Rows are padded to whole vectors of eight with zeros.
///
/// Work is split into shards whose number depends on the size alone, so that results are the same bits
/// for any number of threads.
public struct SymmetricMatrix: Sendable {
  typealias Vector = SIMD8<Double>

  /// Rows and columns.
  public let size: Int
  /// Doubles from one row to the next.
  public let rowLength: Int
  private var buffer: AlignedBuffer<Double>

  /// `diagonal` times the identity.
  public init(size: Int, diagonal: Double) {
    self.size = size
    rowLength = Self.padded(size)
    buffer = AlignedBuffer(count: rowLength * rowLength)
    for index in 0..<size { buffer.pointer[index * (rowLength + 1)] = diagonal }
  }

  /// The matrix with the elements of a lower triangle, row by row.
  ///
  /// - Precondition: there are size (size + 1) / 2 of them.
  public init(size: Int, lowerTriangle: [Double]) {
    precondition(lowerTriangle.count == size * (size + 1) / 2)
    self.init(size: size, diagonal: 0)
    var index = 0
    for row in 0..<size {
      for column in 0...row {
        buffer.pointer[row * rowLength + column] = lowerTriangle[index]
        buffer.pointer[column * rowLength + row] = lowerTriangle[index]
        index += 1
      }
    }
  }

  /// The elements of the lower triangle, row by row.
  public var lowerTriangle: [Double] {
    (0..<size).flatMap { UnsafeBufferPointer(start: row($0), count: $0 + 1) }
  }

  /// `count` rounded up to a whole number of vectors of eight doubles.
  public static func padded(_ count: Int) -> Int { (count + 7) & ~7 }

  public subscript(row: Int, column: Int) -> Double {
    precondition(row >= 0 && row < size && column >= 0 && column < size)
    return buffer.pointer[row * rowLength + column]
  }

  /// The elements of a row, which are those of a column; padded with zeros, aligned to 64 bytes.
  public func row(_ index: Int) -> UnsafePointer<Double> {
    UnsafePointer(buffer.pointer + index * rowLength)
  }

  /// The memory to be written, which no copy of the matrix shares.
  mutating func writable() -> UnsafeMutablePointer<Double> {
    if !isKnownUniquelyReferenced(&buffer) { buffer = buffer.copy() }
    return buffer.pointer
  }

  /// Rows in panels of eight.
  var panels: Int { rowLength / 8 }

  /// Panels of each shard: their parts of the lower triangle are about equal.
  var shards: [Range<Int>] {
    let count = size < 256 ? 1 : 8
    let bounds = (0...count).map { shard in
      Int((Double(panels) * (Double(shard) / Double(count)).squareRoot()).rounded())
    }
    return zip(bounds, bounds.dropFirst()).map { $0..<$1 }
  }
}
