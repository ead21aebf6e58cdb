import CIntrinsics
import SynfireCore

/// Sums of rows that a list or the bits of a word choose, as many vectors at a time as registers hold.
extension RowKernels {
  /// destination += sum of the rows of `table` that start at `offsets` (in floats).
  @inline(__always)
  static func add(
    _ table: UnsafePointer<Float>, _ offsets: UnsafePointer<Int32>, _ count: Int,
    into destination: UnsafeMutablePointer<Float>, vectors: Int
  ) {
    guard count > 0 else { return }
    forEachBalancedTile(vectors) { start, width in
      listedTile(table + start * 16, offsets, count, destination + start * 16, width)
    }
  }

  /// destination[k] += sum of the rows of `table` in list k of offsets, which is from ends[k - 1] to ends[k];
  /// tile by tile of columns. Rows of the destination are `stride` floats apart.
  @inline(__always)
  static func add(
    _ table: UnsafePointer<Float>, _ offsets: UnsafePointer<Int32>, ends: UnsafePointer<Int32>,
    lists: Int, into destination: UnsafeMutablePointer<Float>, stride: Int, vectors: Int
  ) {
    forEachBalancedTile(vectors) { start, width in
      var begin = 0
      for list in 0..<lists {
        let end = Int(ends[list])
        let target = destination + (list &* stride &+ start << 4)
        if end > begin {
          listedTile(table + start << 4, offsets + begin, end &- begin, target, width)
        }
        begin = end
      }
    }
  }

  /// destination += sum of the rows of `table` at the set bits, rows `stride` floats apart; with `total`
  /// [vector], destination += total - that sum.
  @inline(__always)
  static func add(
    _ table: UnsafePointer<Float>, stride: Int, bits: UInt64,
    outOf total: UnsafePointer<Float>? = nil, into destination: UnsafeMutablePointer<Float>,
    vectors: Int
  ) {
    forEachBalancedTile(vectors) { start, width in
      let (source, target) = (table + start * 16, destination + start * 16)
      if let total {
        subtractTile(source, stride, bits, total + start * 16, target, width)
      } else {
        addTile(source, stride, bits, target, width)
      }
    }
  }

  /// destination = base + sum over the set bits of a row of words of signs[bit] times the row of `table`
  /// at offsets[bit] (in floats).
  @inline(__always)
  static func sum(
    _ table: UnsafePointer<Float>, _ offsets: UnsafePointer<Int32>, signs: UnsafePointer<Float>,
    ofSetBits words: UnsafePointer<UInt64>, count: Int, base: UnsafePointer<Float>,
    into destination: UnsafeMutablePointer<Float>, vectors: Int
  ) {
    forEachBalancedTile(vectors) { start, width in
      let (source, target) = (table + start * 16, destination + start * 16)
      signedTile(source, offsets, signs, words, count, base + start * 16, target, width)
    }
  }

  /// The widest tile whose sums fit into the registers.
  private static var widest: Int { synfire_has_wide_registers() ? 8 : 6 }

  /// Covers `vectors` by as few tiles as there can be, the last two of almost one width.
  @inline(__always)
  private static func forEachBalancedTile(
    _ vectors: Int, _ body: (_ start: Int, _ width: Int) -> Void
  ) {
    var start = 0
    while start < vectors {
      let rest = vectors - start
      let width = rest <= widest ? rest : (rest < 2 * widest ? (rest + 1) >> 1 : widest)
      body(start, width)
      start += width
    }
  }

  private static func listedTile(
    _ source: UnsafePointer<Float>, _ offsets: UnsafePointer<Int32>, _ count: Int,
    _ target: UnsafeMutablePointer<Float>, _ width: Int
  ) {
    withWidth(width) { width in
      var sum = TileSum()
      for index in 0..<count { sum.add(source + Int(offsets[index]), width) }
      sum.add(target, width)
      sum.store(target, width)
    }
  }

  private static func addTile(
    _ source: UnsafePointer<Float>, _ stride: Int, _ bits: UInt64,
    _ target: UnsafeMutablePointer<Float>, _ width: Int
  ) {
    withWidth(width) { width in
      var sum = TileSum()
      var rest = bits
      while rest != 0 {
        sum.add(source + rest.trailingZeroBitCount &* stride, width)
        rest &= rest &- 1
      }
      sum.add(target, width)
      sum.store(target, width)
    }
  }

  private static func subtractTile(
    _ source: UnsafePointer<Float>, _ stride: Int, _ bits: UInt64, _ total: UnsafePointer<Float>,
    _ target: UnsafeMutablePointer<Float>, _ width: Int
  ) {
    withWidth(width) { width in
      var sum = TileSum()
      sum.add(total, width)
      var rest = bits
      while rest != 0 {
        sum.subtract(source + rest.trailingZeroBitCount &* stride, width)
        rest &= rest &- 1
      }
      sum.add(target, width)
      sum.store(target, width)
    }
  }

  private static func signedTile(
    _ source: UnsafePointer<Float>, _ offsets: UnsafePointer<Int32>,
    _ signs: UnsafePointer<Float>, _ words: UnsafePointer<UInt64>, _ count: Int,
    _ base: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, _ width: Int
  ) {
    withWidth(width) { width in
      var sum = TileSum()
      sum.add(base, width)
      for word in 0..<count {
        var rest = words[word]
        while rest != 0 {
          let index = word << 6 &+ rest.trailingZeroBitCount
          sum.add(source + Int(offsets[index]), scale: signs[index], width)
          rest &= rest &- 1
        }
      }
      sum.store(target, width)
    }
  }

  /// Calls `body` with a constant, so that each width has a loop of its own.
  @inline(__always)
  private static func withWidth(_ width: Int, _ body: (Int) -> Void) {
    switch width {
    case 1: body(1)
    case 2: body(2)
    case 3: body(3)
    case 4: body(4)
    case 5: body(5)
    case 6: body(6)
    case 7: body(7)
    default: body(8)
    }
  }
}

/// Up to eight vectors in registers; `width` is a constant wherever it is used.
private struct TileSum {
  var a = Vector.zero
  var b = Vector.zero
  var c = Vector.zero
  var d = Vector.zero
  var e = Vector.zero
  var f = Vector.zero
  var g = Vector.zero
  var h = Vector.zero

  @inline(__always)
  mutating func add(_ row: UnsafePointer<Float>, _ width: Int) {
    let line = UnsafeRawPointer(row).assumingMemoryBound(to: Vector.self)
    a += line[0]
    if width > 1 { b += line[1] }
    if width > 2 { c += line[2] }
    if width > 3 { d += line[3] }
    if width > 4 { e += line[4] }
    if width > 5 { f += line[5] }
    if width > 6 { g += line[6] }
    if width > 7 { h += line[7] }
  }

  @inline(__always)
  mutating func subtract(_ row: UnsafePointer<Float>, _ width: Int) {
    let line = UnsafeRawPointer(row).assumingMemoryBound(to: Vector.self)
    a -= line[0]
    if width > 1 { b -= line[1] }
    if width > 2 { c -= line[2] }
    if width > 3 { d -= line[3] }
    if width > 4 { e -= line[4] }
    if width > 5 { f -= line[5] }
    if width > 6 { g -= line[6] }
    if width > 7 { h -= line[7] }
  }

  @inline(__always)
  mutating func add(_ row: UnsafePointer<Float>, scale: Float, _ width: Int) {
    let line = UnsafeRawPointer(row).assumingMemoryBound(to: Vector.self)
    let scale = Vector(repeating: scale)
    a = a.addingProduct(line[0], scale)
    if width > 1 { b = b.addingProduct(line[1], scale) }
    if width > 2 { c = c.addingProduct(line[2], scale) }
    if width > 3 { d = d.addingProduct(line[3], scale) }
    if width > 4 { e = e.addingProduct(line[4], scale) }
    if width > 5 { f = f.addingProduct(line[5], scale) }
    if width > 6 { g = g.addingProduct(line[6], scale) }
    if width > 7 { h = h.addingProduct(line[7], scale) }
  }

  @inline(__always)
  func store(_ row: UnsafeMutablePointer<Float>, _ width: Int) {
    let line = UnsafeMutableRawPointer(row).assumingMemoryBound(to: Vector.self)
    line[0] = a
    if width > 1 { line[1] = b }
    if width > 2 { line[2] = c }
    if width > 3 { line[3] = d }
    if width > 4 { line[4] = e }
    if width > 5 { line[5] = f }
    if width > 6 { line[6] = g }
    if width > 7 { line[7] = h }
  }
}
