import SynfireCore

/// Which sixteen numbers share a vector.
public enum LaneLayout: Sendable, Hashable {
  /// Sixteen neurons of one trial: spikes add rows of weights.
  case neurons
  /// Sixteen trials of one neuron: weights are numbers that all lanes share, so that synapses may be
  /// few, or factored, without lanes that idle.
  case trials
}

/// Spikes or numbers of sixteen trials at one step.
enum LaneActivity {
  /// For each neuron the bits of its sixteen trials.
  case spikes(UnsafePointer<UInt16>)
  /// For each channel a vector; up to a multiple of four channels there are vectors of zeros.
  case analog(UnsafePointer<Vector>)
}

/// Connectivity packed for sixteen trials as lanes.
protocol TrialLaneConnectivity: GradientLayout {
  /// Whether it reads nothing but spikes; others read numbers, too.
  var readsOnlySpikes: Bool { get }
  /// The memory of one worker.
  func makeLanePath(_ wiring: LanePathWiring) -> any LanePath
}

/// Connectivity that computes in two halves with the spike filter between: presynaptic activity is
/// gathered into `width` numbers a trial, and these are expanded into the drive.
///
/// A mode matrix has its modes between; all else has the drive itself, and no second half. Rows of inner
/// numbers are padded to `paddedWidth` vectors.
protocol FactoredLaneConnectivity: TrialLaneConnectivity, PackedConnectivity {
  /// Inner numbers.
  var width: Int { get }
  /// Whether the inner numbers are not the drive itself.
  var expands: Bool { get }
  /// Vectors of the sums of gradients of `accumulate`.
  var laneSumCount: Int { get }

  /// inner = first half times the activity, or inner += it.
  func gather(_ activity: LaneActivity, into inner: UnsafeMutablePointer<Vector>, adding: Bool)
  /// drive += second half times inner.
  func expand(_ inner: UnsafePointer<Vector>, into drive: UnsafeMutablePointer<Vector>)
  /// inner = transposed second half times the adjoint of the drive.
  func contract(_ adjoint: UnsafePointer<Vector>, into inner: UnsafeMutablePointer<Vector>)
  /// presynaptic += transposed first half times the adjoint of the inner numbers.
  func scatter(_ inner: UnsafePointer<Vector>, into presynaptic: UnsafeMutablePointer<Vector>)
  /// sums += the gradient of both halves, each lane its own, over a few steps.
  func accumulate(_ steps: LaneSteps, into sums: UnsafeMutablePointer<Vector>)
  /// gradient, in the layout of the workspaces, += the lanes of the sums, which are of spikes or numbers.
  func reduce(
    _ sums: UnsafePointer<Vector>, spiking: Bool, into gradient: UnsafeMutablePointer<Float>)
}

extension FactoredLaneConnectivity {
  var readsOnlySpikes: Bool { false }

  func makeLanePath(_ wiring: LanePathWiring) -> any LanePath {
    FactoredLanePath(self, wiring)
  }
}

/// Up to eight steps of a connection, for gradients.
struct LaneSteps {
  /// Steps together.
  static let most = 8
  let count: Int
  /// The presynaptic activity at the first step, and the elements between steps.
  let activity: LaneActivity
  let activityStride: Int
  /// The inner numbers as they were expanded, and the vectors between steps.
  let inner: UnsafePointer<Vector>
  let innerStride: Int
  /// The adjoints of the inner numbers, and the vectors between steps.
  let innerAdjoints: UnsafePointer<Vector>
  let innerAdjointStride: Int
  /// The adjoints of the drive, and the vectors between steps.
  let driveAdjoints: UnsafePointer<Vector>
  let driveAdjointStride: Int
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

/// The vectors that rows of `count` inner numbers take: one, or a multiple of four.
@inline(__always)
func paddedWidth(_ count: Int) -> Int { count == 1 ? 1 : (count + 3) & ~3 }

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
