import SynfireCore

/// Small matrices of numbers times vectors of sixteen trials: up to four inner numbers are kept in registers.
enum LaneKernels {
  /// sums[k] = sum over neurons j that spike of weights[j stride + k].
  @inline(__always)
  static func gather(
    _ bits: UnsafePointer<UInt16>, count: Int, _ weights: UnsafePointer<Float>, stride: Int,
    width: Int, into sums: UnsafeMutablePointer<Vector>
  ) {
    forEachGroup(
      width, GatherColumns(bits: bits, count: count, weights: weights, stride: stride, sums: sums))
  }

  /// result[n] += sum over k of weights[k stride + n] inner[k]; with `overwriting`, = in place of +=.
  @inline(__always)
  static func expand(
    _ inner: UnsafePointer<Vector>, width: Int, _ weights: UnsafePointer<Float>, stride: Int,
    count: Int, into result: UnsafeMutablePointer<Vector>, overwriting: Bool = false
  ) {
    forEachGroup(
      width,
      ExpandColumns(
        inner: inner, weights: weights, stride: stride, count: count, result: result,
        overwriting: overwriting))
  }

  /// sums[k] = sum over n of weights[k stride + n] values[n].
  @inline(__always)
  static func contract(
    _ values: UnsafePointer<Vector>, count: Int, _ weights: UnsafePointer<Float>, stride: Int,
    width: Int, into sums: UnsafeMutablePointer<Vector>
  ) {
    forEachGroup(
      width,
      ContractColumns(values: values, count: count, weights: weights, stride: stride, sums: sums))
  }

  /// Runs `kernel` for groups of four columns, and for those that are left.
  @inline(__always)
  private static func forEachGroup(_ width: Int, _ kernel: some ColumnKernel) {
    var k = 0
    while k + 4 <= width {
      kernel.run(FourColumns.self, from: k)
      k += 4
    }
    switch width - k {
    case 3: kernel.run(ThreeColumns.self, from: k)
    case 2: kernel.run(TwoColumns.self, from: k)
    case 1: kernel.run(OneColumn.self, from: k)
    default: break
    }
  }

  /// sums[a columnCount + b] += sum over steps of rows[step, a] columns[step, b].
  @inline(__always)
  static func accumulate(
    steps: Int, _ rows: some LaneRows, count rowCount: Int, _ columns: NumberRows,
    count columnCount: Int, into sums: UnsafeMutablePointer<Vector>
  ) {
    guard steps == LaneSteps.most else {
      for a in 0..<rowCount {
        for step in 0..<steps {
          let value = rows[step, a]
          for b in 0..<columnCount {
            sums[a * columnCount + b] = sums[a * columnCount + b]
              .addingProduct(value, columns[step, b])
          }
        }
      }
      return
    }
    // Two rows share what is loaded of the columns; an odd last row is the second of its pair anew.
    var a = 0
    while a < rowCount {
      let (first, second) = (EightSteps(rows, a), EightSteps(rows, min(a + 1, rowCount - 1)))
      let target = sums + a * columnCount
      for b in 0..<columnCount {
        let column = EightSteps(columns, b)
        target[b] = first.product(column, addedTo: target[b])
        guard a + 1 < rowCount else { continue }
        target[columnCount + b] = second.product(column, addedTo: target[columnCount + b])
      }
      a += 2
    }
  }

  /// 1 in the lanes of the trials that spike, 0 elsewhere.
  @inline(__always)
  static func spikes(_ bits: UInt16) -> Vector { Vector(FloatLaneMask(bits: bits)) }
}

/// Vectors by step and row: numbers, or the spikes of neurons.
protocol LaneRows {
  subscript(step: Int, row: Int) -> Vector { get }
}

struct NumberRows: LaneRows {
  let first: UnsafePointer<Vector>
  let stepStride: Int

  @inline(__always)
  subscript(step: Int, row: Int) -> Vector { first[step &* stepStride &+ row] }
}

struct SpikeRows: LaneRows {
  let first: UnsafePointer<UInt16>
  let stepStride: Int

  @inline(__always)
  subscript(step: Int, row: Int) -> Vector {
    LaneKernels.spikes(first[step &* stepStride &+ row])
  }
}

/// A row at each of eight steps.
private struct EightSteps {
  private let (a, b, c, d): (Vector, Vector, Vector, Vector)
  private let (e, f, g, h): (Vector, Vector, Vector, Vector)

  @inline(__always)
  init(_ rows: some LaneRows, _ row: Int) {
    (a, b, c, d) = (rows[0, row], rows[1, row], rows[2, row], rows[3, row])
    (e, f, g, h) = (rows[4, row], rows[5, row], rows[6, row], rows[7, row])
  }

  /// sum + the products of all steps, in two chains, so that one product need not wait for the last.
  @inline(__always)
  func product(_ other: EightSteps, addedTo sum: Vector) -> Vector {
    let early = sum.addingProduct(a, other.a).addingProduct(b, other.b)
      .addingProduct(c, other.c).addingProduct(d, other.d)
    let late = (e * other.e).addingProduct(f, other.f)
      .addingProduct(g, other.g).addingProduct(h, other.h)
    return early + late
  }
}
