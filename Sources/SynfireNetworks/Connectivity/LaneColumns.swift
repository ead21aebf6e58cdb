import SynfireCore

/// One to four inner numbers of sixteen trials, in registers.
protocol LaneColumns {
  init()
  init(_ inner: UnsafePointer<Vector>)
  /// self[k] += value weights[k stride].
  mutating func add(_ value: Vector, _ weights: UnsafePointer<Float>, _ stride: Int)
  mutating func add(_ other: Self)
  /// start + sum over k of self[k] weights[k stride].
  func sum(from start: Vector, _ weights: UnsafePointer<Float>, _ stride: Int) -> Vector
  func store(_ sums: UnsafeMutablePointer<Vector>)
}

struct OneColumn: LaneColumns {
  private var a = Vector.zero

  @inline(__always)
  init() {}

  @inline(__always)
  init(_ inner: UnsafePointer<Vector>) { a = inner[0] }

  @inline(__always)
  mutating func add(_ value: Vector, _ weights: UnsafePointer<Float>, _ stride: Int) {
    a = a.addingProduct(value, Vector(repeating: weights[0]))
  }

  @inline(__always)
  mutating func add(_ other: Self) { a = a + other.a }

  @inline(__always)
  func sum(from start: Vector, _ weights: UnsafePointer<Float>, _ stride: Int) -> Vector {
    start.addingProduct(a, Vector(repeating: weights[0]))
  }

  @inline(__always)
  func store(_ sums: UnsafeMutablePointer<Vector>) { sums[0] = a }
}

/// Columns, and one more before them.
struct Columns<Rest: LaneColumns>: LaneColumns {
  private var first = OneColumn()
  private var rest = Rest()

  @inline(__always)
  init() {}

  @inline(__always)
  init(_ inner: UnsafePointer<Vector>) { (first, rest) = (OneColumn(inner), Rest(inner + 1)) }

  @inline(__always)
  mutating func add(_ value: Vector, _ weights: UnsafePointer<Float>, _ stride: Int) {
    first.add(value, weights, stride)
    rest.add(value, weights + stride, stride)
  }

  @inline(__always)
  mutating func add(_ other: Self) {
    first.add(other.first)
    rest.add(other.rest)
  }

  @inline(__always)
  func sum(from start: Vector, _ weights: UnsafePointer<Float>, _ stride: Int) -> Vector {
    rest.sum(from: first.sum(from: start, weights, stride), weights + stride, stride)
  }

  @inline(__always)
  func store(_ sums: UnsafeMutablePointer<Vector>) {
    first.store(sums)
    rest.store(sums + 1)
  }
}

typealias TwoColumns = Columns<OneColumn>
typealias ThreeColumns = Columns<TwoColumns>
typealias FourColumns = Columns<ThreeColumns>

/// What `LaneKernels` do with some columns of a matrix.
protocol ColumnKernel {
  func run<Group: LaneColumns>(_ group: Group.Type, from column: Int)
}

struct GatherColumns: ColumnKernel {
  let bits: UnsafePointer<UInt16>
  let count: Int
  let weights: UnsafePointer<Float>
  let stride: Int
  let sums: UnsafeMutablePointer<Vector>

  @inline(__always)
  func run<Group: LaneColumns>(_ group: Group.Type, from column: Int) {
    sumInPairs(count, into: sums + column) { (group: inout Group, neuron) in
      group.add(LaneKernels.spikes(bits[neuron]), weights + (neuron &* stride &+ column), 1)
    }
  }
}

struct ExpandColumns: ColumnKernel {
  let inner: UnsafePointer<Vector>
  let weights: UnsafePointer<Float>
  let stride: Int
  let count: Int
  let result: UnsafeMutablePointer<Vector>
  let overwriting: Bool

  @inline(__always)
  func run<Group: LaneColumns>(_ group: Group.Type, from column: Int) {
    let group = Group(inner + column)
    let first = weights + column * stride
    let isFresh = overwriting && column == 0
    for n in 0..<count {
      result[n] = group.sum(from: isFresh ? .zero : result[n], first + n, stride)
    }
  }
}

struct ContractColumns: ColumnKernel {
  let values: UnsafePointer<Vector>
  let count: Int
  let weights: UnsafePointer<Float>
  let stride: Int
  let sums: UnsafeMutablePointer<Vector>

  @inline(__always)
  func run<Group: LaneColumns>(_ group: Group.Type, from column: Int) {
    let first = weights + column * stride
    sumInPairs(count, into: sums + column) { (group: inout Group, n) in
      group.add(values[n], first + n, stride)
    }
  }
}

/// Adds up even and odd indices apart, so that one product need not wait for the last.
@inline(__always)
private func sumInPairs<Group: LaneColumns>(
  _ count: Int, into sums: UnsafeMutablePointer<Vector>, _ add: (inout Group, Int) -> Void
) {
  var (even, odd) = (Group(), Group())
  var index = 0
  while index + 2 <= count {
    add(&even, index)
    add(&odd, index + 1)
    index += 2
  }
  if index < count { add(&even, index) }
  even.add(odd)
  even.store(sums)
}
