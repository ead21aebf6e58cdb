import SynfireCore

@usableFromInline typealias Vector = SIMD16<Float>

/// Kernels on rows of `Float` whose length is a whole number of vectors and whose start is aligned.
///
/// Sums are kept in registers, eight vectors at a time, over all rows that are added.
enum RowKernels {
  /// destination += sum of the rows of `table` that start at `offsets` (in floats).
  @inline(__always)
  static func add(
    _ table: UnsafePointer<Float>, _ offsets: UnsafePointer<Int32>, _ count: Int,
    into destination: UnsafeMutablePointer<Float>, vectors: Int
  ) {
    guard count > 0 else { return }
    forEachTile(vectors) { start, width in
      let source = UnsafeRawPointer(table + start * 16)
      let target = UnsafeMutableRawPointer(destination + start * 16)
        .assumingMemoryBound(to: Vector.self)
      switch width {
      case 8: addTile8(source, offsets, count, target, stored: min(8, vectors - start))
      case 4: addTile4(source, offsets, count, target, stored: min(4, vectors - start))
      case 2: addTile2(source, offsets, count, target)
      default: addTile1(source, offsets, count, target)
      }
    }
  }

  /// destination += sum over rows k of scales[k scaleStride] times row k of `table`, rows `stride`
  /// floats apart.
  @inline(__always)
  static func addScaled(
    _ table: UnsafePointer<Float>, stride: Int, scales: UnsafePointer<Float>, scaleStride: Int = 1,
    count: Int, into destination: UnsafeMutablePointer<Float>, vectors: Int
  ) {
    let target = UnsafeMutableRawPointer(destination).assumingMemoryBound(to: Vector.self)
    var start = 0
    while start + 4 <= vectors {
      var (a, b) = (target[start], target[start + 1])
      var (c, d) = (target[start + 2], target[start + 3])
      for row in 0..<count {
        let line = UnsafeRawPointer(table + row * stride).assumingMemoryBound(to: Vector.self)
        let scale = Vector(repeating: scales[row * scaleStride])
        a = a.addingProduct(line[start], scale)
        b = b.addingProduct(line[start + 1], scale)
        c = c.addingProduct(line[start + 2], scale)
        d = d.addingProduct(line[start + 3], scale)
      }
      (target[start], target[start + 1]) = (a, b)
      (target[start + 2], target[start + 3]) = (c, d)
      start += 4
    }
    while start < vectors {
      var sum = target[start]
      for row in 0..<count {
        let line = UnsafeRawPointer(table + row * stride).assumingMemoryBound(to: Vector.self)
        sum = sum.addingProduct(line[start], Vector(repeating: scales[row * scaleStride]))
      }
      target[start] = sum
      start += 1
    }
  }

  /// destination[channel] += sum over rows k of scales[k scaleStride + channel] times row k of `table`,
  /// for several channels at once, so that rows are read once for four of them.
  @inline(__always)
  static func addOuter(
    _ table: UnsafePointer<Float>, stride: Int, count: Int, scales: UnsafePointer<Float>,
    scaleStride: Int, channels: Int, into destination: UnsafeMutablePointer<Float>, vectors: Int
  ) {
    var channel = 0
    while channel + 4 <= channels {
      for vector in 0..<vectors {
        let target = UnsafeMutableRawPointer(destination + channel * vectors * 16)
          .assumingMemoryBound(to: Vector.self)
        var (a, b) = (target[vector], target[vectors + vector])
        var (c, d) = (target[2 * vectors + vector], target[3 * vectors + vector])
        for row in 0..<count {
          let line = load(table + row * stride + vector * 16)
          let scale = scales + row * scaleStride + channel
          a = a.addingProduct(line, Vector(repeating: scale[0]))
          b = b.addingProduct(line, Vector(repeating: scale[1]))
          c = c.addingProduct(line, Vector(repeating: scale[2]))
          d = d.addingProduct(line, Vector(repeating: scale[3]))
        }
        (target[vector], target[vectors + vector]) = (a, b)
        (target[2 * vectors + vector], target[3 * vectors + vector]) = (c, d)
      }
      channel += 4
    }
    while channel < channels {
      addScaled(
        table, stride: stride, scales: scales + channel, scaleStride: scaleStride, count: count,
        into: destination + channel * vectors * 16, vectors: vectors)
      channel += 1
    }
  }

  /// destination += scale * source.
  @inline(__always)
  static func addScaled(
    _ source: UnsafePointer<Float>, scale: Float, into destination: UnsafeMutablePointer<Float>,
    vectors: Int
  ) {
    for vector in 0..<vectors {
      let target = UnsafeMutableRawPointer(destination + vector * 16)
        .assumingMemoryBound(to: Vector.self)
      target.pointee = target.pointee.addingProduct(
        load(source + vector * 16), Vector(repeating: scale))
    }
  }

  /// The scalar product of two rows.
  @inline(__always)
  static func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, vectors: Int) -> Float {
    var sum = Vector.zero
    for vector in 0..<vectors {
      sum = sum.addingProduct(load(a + vector * 16), load(b + vector * 16))
    }
    return sum.sum()
  }

  /// Writes the offsets `index * stride` of the set bits of a row of words; returns their number.
  @inline(__always)
  static func offsets(
    ofSetBits words: UnsafePointer<UInt64>, count: Int, stride: Int,
    into offsets: UnsafeMutablePointer<Int32>
  ) -> Int {
    var found = 0
    for word in 0..<count {
      var bits = words[word]
      let base = word << 6
      while bits != 0 {
        offsets[found] = Int32(truncatingIfNeeded: (base &+ bits.trailingZeroBitCount) &* stride)
        found &+= 1
        bits &= bits &- 1
      }
    }
    return found
  }

  @inline(__always)
  static func load(_ pointer: UnsafePointer<Float>) -> Vector {
    UnsafeRawPointer(pointer).assumingMemoryBound(to: Vector.self).pointee
  }

  /// Covers `vectors` by tiles of 8, 4, 2 or 1; the last tile may reach past the row, and then reads
  /// but does not store there. Tables end with slack for that.
  @inline(__always)
  private static func forEachTile(_ vectors: Int, _ body: (_ start: Int, _ width: Int) -> Void) {
    var start = 0
    while start < vectors {
      let rest = vectors - start
      let width = rest > 4 ? 8 : (rest > 2 ? 4 : rest)
      body(start, width)
      start += width
    }
  }

  @inline(__always)
  private static func row(_ source: UnsafeRawPointer, _ offset: Int32) -> UnsafePointer<Vector> {
    (source + Int(offset) << 2).assumingMemoryBound(to: Vector.self)
  }

  @inline(never)
  private static func addTile8(
    _ source: UnsafeRawPointer, _ offsets: UnsafePointer<Int32>, _ count: Int,
    _ target: UnsafeMutablePointer<Vector>, stored: Int
  ) {
    var (a, b, c, d) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
    var (e, f, g, h) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
    for index in 0..<count {
      let line = row(source, offsets[index])
      a += line[0]
      b += line[1]
      c += line[2]
      d += line[3]
      e += line[4]
      f += line[5]
      g += line[6]
      h += line[7]
    }
    target[0] += a
    target[1] += b
    target[2] += c
    target[3] += d
    target[4] += e
    if stored > 5 { target[5] += f }
    if stored > 6 { target[6] += g }
    if stored > 7 { target[7] += h }
  }

  @inline(never)
  private static func addTile4(
    _ source: UnsafeRawPointer, _ offsets: UnsafePointer<Int32>, _ count: Int,
    _ target: UnsafeMutablePointer<Vector>, stored: Int
  ) {
    var (a, b, c, d) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
    for index in 0..<count {
      let line = row(source, offsets[index])
      a += line[0]
      b += line[1]
      c += line[2]
      d += line[3]
    }
    target[0] += a
    target[1] += b
    target[2] += c
    if stored > 3 { target[3] += d }
  }

  @inline(never)
  private static func addTile2(
    _ source: UnsafeRawPointer, _ offsets: UnsafePointer<Int32>, _ count: Int,
    _ target: UnsafeMutablePointer<Vector>
  ) {
    var (a, b) = (target[0], target[1])
    for index in 0..<count {
      let line = row(source, offsets[index])
      a += line[0]
      b += line[1]
    }
    target[0] = a
    target[1] = b
  }

  @inline(never)
  private static func addTile1(
    _ source: UnsafeRawPointer, _ offsets: UnsafePointer<Int32>, _ count: Int,
    _ target: UnsafeMutablePointer<Vector>
  ) {
    var a = target[0]
    for index in 0..<count { a += row(source, offsets[index])[0] }
    target[0] = a
  }
}
