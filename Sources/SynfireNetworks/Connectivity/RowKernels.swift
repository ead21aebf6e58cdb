import CIntrinsics
import SynfireCore

@usableFromInline typealias Vector = SIMD16<Float>

/// Kernels on rows of `Float` whose length is a whole number of vectors and whose start is aligned.
///
/// Sums are kept in registers over all rows that are added.
enum RowKernels {
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
    scaleStride: Int, channels: Int, into destination: UnsafeMutablePointer<Float>,
    destinationStride: Int, vectors: Int
  ) {
    var channel = 0
    let next = destinationStride / 16
    while channel + 4 <= channels {
      for vector in 0..<vectors {
        let target = UnsafeMutableRawPointer(destination + channel * destinationStride)
          .assumingMemoryBound(to: Vector.self)
        var (a, b) = (target[vector], target[next + vector])
        var (c, d) = (target[2 * next + vector], target[3 * next + vector])
        for row in 0..<count {
          let line = load(table + row * stride + vector * 16)
          let scale = scales + row * scaleStride + channel
          a = a.addingProduct(line, Vector(repeating: scale[0]))
          b = b.addingProduct(line, Vector(repeating: scale[1]))
          c = c.addingProduct(line, Vector(repeating: scale[2]))
          d = d.addingProduct(line, Vector(repeating: scale[3]))
        }
        (target[vector], target[next + vector]) = (a, b)
        (target[2 * next + vector], target[3 * next + vector]) = (c, d)
      }
      channel += 4
    }
    while channel < channels {
      addScaled(
        table, stride: stride, scales: scales + channel, scaleStride: scaleStride, count: count,
        into: destination + channel * destinationStride, vectors: vectors)
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

  /// Writes the offsets `index * stride` of the set bits of a row of words, and up to sixteen numbers more;
  /// returns how many there are.
  @inline(__always)
  static func offsets(
    ofSetBits words: UnsafePointer<UInt64>, count: Int, stride: Int,
    into offsets: UnsafeMutablePointer<Int32>
  ) -> Int {
    var found = 0
    for word in 0..<count {
      found &+= synfire_places_of_bits(
        words[word], Int32(truncatingIfNeeded: word << 6 &* stride),
        Int32(truncatingIfNeeded: stride), offsets + found)
    }
    return found
  }

  @inline(__always)
  static func load(_ pointer: UnsafePointer<Float>) -> Vector {
    UnsafeRawPointer(pointer).assumingMemoryBound(to: Vector.self).pointee
  }
}
