// Packed matrix products on one core against its fused multiply-add peak and against OpenBLAS.
import Foundation
import Synfire

/// A number in the width of a column, right-aligned.
func column(_ value: Double, _ format: String) -> String { String(format: format, value) }

let peak = MachinePeak.fusedMultiplyAddRate()
print("peak of fused multiply-adds: \(column(peak, "%.1f")) GFLOP/s on one core")
print("      M     K     N    packed  of peak   OpenBLAS  outer product")
for (rows, inner, columns) in [(64, 224, 224), (64, 1024, 1024), (256, 784, 100), (300, 100, 100)] {
  let packed = MachinePeak.packedProductRate(rows: rows, inner: inner, columns: columns)
  let blas = MachinePeak.blasProductRate(rows: rows, inner: inner, columns: columns)
  let outer = MachinePeak.outerProductRate(rows: rows, inner: inner, columns: columns)
  let sizes = [rows, inner, columns].map { column(Double($0), "%6.0f") }.joined()
  print(
    " \(sizes) \(column(packed, "%9.1f")) \(column(packed / peak * 100, "%6.1f")) %"
      + " \(column(blas, "%9.1f")) \(column(outer, "%9.1f"))")
}
