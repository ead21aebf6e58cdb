import CIntrinsics
import SynfireCore

/// A matrix by columns, each padded to whole vectors: products with vectors add scaled columns, those with
/// spikes add the columns of the neurons that spiked.
struct ColumnMatrix {
  let rows: Int
  let columns: Int
  /// Numbers from column to column.
  let stride: Int
  let values: AlignedBuffer<Float>

  init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    stride = paddedToLanes(rows)
    values = AlignedBuffer(count: stride * columns)
  }

  /// Takes the matrix from its rows, times a number.
  func load(_ matrix: UnsafePointer<Float>, scale: Float = 1) {
    let target = values.pointer
    for row in stride(from: 0, to: rows, by: 16) {
      for column in stride(from: 0, to: columns, by: 16) {
        if row + 16 <= rows, column + 16 <= columns {
          synfire_transpose16(
            matrix + row * columns + column, columns, target + column * stride + row, stride)
        } else {
          for r in row..<min(rows, row + 16) {
            for c in column..<min(columns, column + 16) {
              target[c * stride + r] = matrix[r * columns + c]
            }
          }
        }
      }
    }
    if scale != 1 { for index in 0..<values.count { target[index] *= scale } }
  }

  private func stride(from: Int, to: Int, by: Int) -> StrideTo<Int> {
    Swift.stride(from: from, to: to, by: by)
  }

  /// target [rows, padded] += matrix times vector.
  @inline(__always)
  func addProduct(_ vector: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>) {
    RowKernels.addScaled(
      values.pointer, stride: stride, scales: vector, count: columns, into: target,
      vectors: stride / 16)
  }
}
