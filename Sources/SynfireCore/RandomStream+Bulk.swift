import CIntrinsics

extension RandomStream {
  /// Fills a buffer with numbers uniform on [0, 1), multiples of 2^-24.
  ///
  /// Bulk draws begin at a fresh group of eight blocks, so they do not depend on how far a previous
  /// draw had come within its group.
  public mutating func fillUniform(_ buffer: UnsafeMutableBufferPointer<Float>) {
    fill(buffer) { stream in
      let (a, b) = stream.nextHalves()
      return (
        synfire_float_from_uint32(a &>> 8) * 0x1p-24, synfire_float_from_uint32(b &>> 8) * 0x1p-24
      )
    }
  }

  /// Fills a buffer with normal numbers of mean 0 and variance 1 (Box and Muller, 1958), computed in
  /// `Float`; none is larger than 6.8 in magnitude.
  public mutating func fillNormal(_ buffer: UnsafeMutableBufferPointer<Float>) {
    fill(buffer) { stream in
      let (a, b) = stream.nextHalves()
      // The half step keeps the logarithm finite.
      let uniform = SIMD16<Float>(repeating: 0x1p-33)
        .addingProduct(synfire_float_from_uint32(a), SIMD16(repeating: 0x1p-32))
      let radius = (uniform.naturalLogarithm() * -2).roots()
      let (sine, cosine) = SIMD16<Float>.sineAndCosine(ofTurns: b)
      return (radius * sine, radius * cosine)
    }
  }

  /// `count` numbers uniform on [0, 1); see `fillUniform`.
  public mutating func uniforms(_ count: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: max(0, count)) { buffer, initialized in
      fillUniform(UnsafeMutableBufferPointer(rebasing: buffer[0..<max(0, count)]))
      initialized = max(0, count)
    }
  }

  /// `count` normal numbers; see `fillNormal`.
  public mutating func normals(_ count: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: max(0, count)) { buffer, initialized in
      fillNormal(UnsafeMutableBufferPointer(rebasing: buffer[0..<max(0, count)]))
      initialized = max(0, count)
    }
  }

  /// Fills a buffer with the words that `next` would give, from a fresh group of eight blocks on.
  ///
  /// - Parameter groups: how many times sixteen words.
  @inlinable
  public mutating func fillWords(_ buffer: UnsafeMutablePointer<UInt64>, groups: Int) {
    used = 16
    for group in 0..<groups {
      UnsafeMutableRawPointer(buffer + group &* 16).storeBytes(
        of: nextWords(), as: SIMD16<UInt64>.self)
    }
  }

  /// Sixteen words of the sequence, from word `16 group` on, whatever has been drawn before.
  @inlinable
  @inline(__always)
  public func words(group: UInt64) -> SIMD16<UInt64> {
    Philox.words(index: group &* 8, counter2: trialWord, counter3: stepWord, key: key)
  }

  /// Goes to a group of sixteen words, from which the next draw begins. A bulk draw of 32 numbers takes one.
  public mutating func seek(group: UInt64) {
    block = group &* 8
    used = 16
  }

  /// 32 random words of 32 bits: the low halves and the high halves of sixteen words.
  @inline(__always)
  private mutating func nextHalves() -> (SIMD16<UInt32>, SIMD16<UInt32>) {
    let words = nextWords()
    return (synfire_low_halves(words), synfire_low_halves(words &>> 32))
  }

  @inline(__always)
  private mutating func fill(
    _ buffer: UnsafeMutableBufferPointer<Float>,
    _ draw: (inout RandomStream) -> (SIMD16<Float>, SIMD16<Float>)
  ) {
    used = 16
    guard let base = buffer.baseAddress else { return }
    let raw = UnsafeMutableRawPointer(base)
    var index = 0
    while index < buffer.count {
      let (first, second) = draw(&self)
      if index + 32 <= buffer.count {
        raw.storeBytes(of: first, toByteOffset: index * 4, as: SIMD16<Float>.self)
        raw.storeBytes(of: second, toByteOffset: index * 4 + 64, as: SIMD16<Float>.self)
      } else {
        for lane in 0..<16 where index + lane < buffer.count { base[index + lane] = first[lane] }
        for lane in 0..<16 where index + 16 + lane < buffer.count {
          base[index + 16 + lane] = second[lane]
        }
      }
      index += 32
    }
  }
}
