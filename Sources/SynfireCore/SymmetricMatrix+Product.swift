extension SymmetricMatrix {
  /// Writes the product with a vector; each element of the lower triangle is read once.
  ///
  /// - Parameters:
  ///   - vector: `rowLength` numbers aligned to 64 bytes, zeros behind the first `size`.
  ///   - result: `rowLength` numbers aligned to 64 bytes.
  public func multiply(
    _ vector: UnsafePointer<Double>, into result: UnsafeMutablePointer<Double>, pool: WorkerPool
  ) throws {
    let shards = self.shards
    let partial = AlignedBuffer<Double>(count: shards.count * rowLength)
    let operands = Operands(
      matrix: row(0), rowLength: rowLength, vector: vector, partial: partial.pointer)
    try pool.run(shards: shards.count) { shard in
      for panel in shards[shard] { operands.add(panel: panel, shard: shard) }
    }
    let sums = UnsafeMutableRawPointer(result).assumingMemoryBound(to: Vector.self)
    let terms = UnsafeMutableRawPointer(partial.pointer).assumingMemoryBound(to: Vector.self)
    for cell in 0..<panels {
      var sum = terms[cell]
      for shard in 1..<max(1, shards.count) { sum += terms[shard * panels + cell] }
      sums[cell] = sum
    }
  }

  private struct Operands: @unchecked Sendable {
    let matrix: UnsafePointer<Double>
    let rowLength: Int
    let vector: UnsafePointer<Double>
    /// [shard, row].
    let partial: UnsafeMutablePointer<Double>

    /// Adds what the eight rows of a panel, left of the diagonal and on it, and their mirror image give.
    @inline(__always)
    func add(panel: Int, shard: Int) {
      let vectors = rowLength / 8
      let rows = UnsafeRawPointer(matrix + panel * 8 * rowLength)
        .assumingMemoryBound(to: Vector.self)
      let inputs = UnsafeRawPointer(vector).assumingMemoryBound(to: Vector.self)
      let outputs = UnsafeMutableRawPointer(partial + shard * rowLength)
        .assumingMemoryBound(to: Vector.self)
      let own = inputs[panel]
      var (s0, s1, s2, s3) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
      var (s4, s5, s6, s7) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
      let (w0, w1) = (Vector(repeating: own[0]), Vector(repeating: own[1]))
      let (w2, w3) = (Vector(repeating: own[2]), Vector(repeating: own[3]))
      let (w4, w5) = (Vector(repeating: own[4]), Vector(repeating: own[5]))
      let (w6, w7) = (Vector(repeating: own[6]), Vector(repeating: own[7]))
      for cell in 0..<panel {
        let input = inputs[cell]
        // Two chains of additions, for speed.
        var (even, odd) = (outputs[cell], Vector.zero)
        @inline(__always)
        func take(_ row: Int, _ weight: Vector, _ sum: inout Vector, _ mirrored: inout Vector) {
          let elements = rows[row &* vectors &+ cell]
          sum = sum.addingProduct(elements, input)
          mirrored = mirrored.addingProduct(elements, weight)
        }
        take(0, w0, &s0, &even)
        take(1, w1, &s1, &odd)
        take(2, w2, &s2, &even)
        take(3, w3, &s3, &odd)
        take(4, w4, &s4, &even)
        take(5, w5, &s5, &odd)
        take(6, w6, &s6, &even)
        take(7, w7, &s7, &odd)
        outputs[cell] = even + odd
      }
      let diagonal = rows + panel
      s0 = s0.addingProduct(diagonal[0], own)
      s1 = s1.addingProduct(diagonal[vectors], own)
      s2 = s2.addingProduct(diagonal[2 &* vectors], own)
      s3 = s3.addingProduct(diagonal[3 &* vectors], own)
      s4 = s4.addingProduct(diagonal[4 &* vectors], own)
      s5 = s5.addingProduct(diagonal[5 &* vectors], own)
      s6 = s6.addingProduct(diagonal[6 &* vectors], own)
      s7 = s7.addingProduct(diagonal[7 &* vectors], own)
      outputs[panel] += Vector(
        s0.sum(), s1.sum(), s2.sum(), s3.sum(), s4.sum(), s5.sum(), s6.sum(), s7.sum())
    }
  }
}
