extension SymmetricMatrix {
  /// self = scale self - sum over i of weights[i] v_i v_i^T, in one pass over the matrix.
  ///
  /// - Parameters:
  ///   - vectors: v_i at `vectors + i * rowLength`, zeros behind the first `size` numbers of each.
  ///   - weights: one for each vector.
  public mutating func subtractOuterProducts(
    _ vectors: UnsafePointer<Double>, weights: [Double], scale: Double, pool: WorkerPool
  ) throws {
    let depth = weights.count
    let packed = AlignedBuffer<Double>(count: max(1, depth) * rowLength)
    let weighted = AlignedBuffer<Double>(count: max(1, depth) * rowLength)
    for panel in 0..<panels {
      for index in 0..<depth {
        for lane in 0..<8 {
          let value = vectors[index * rowLength + panel * 8 + lane]
          packed.pointer[(panel * depth + index) * 8 + lane] = value
          weighted.pointer[(panel * depth + index) * 8 + lane] = -weights[index] * value
        }
      }
    }
    let update = Update(
      matrix: writable(), rowLength: rowLength, packed: packed.pointer,
      weighted: weighted.pointer, depth: depth, scale: scale)
    let shards = self.shards
    try pool.run(shards: shards.count) { shard in
      for panel in shards[shard] { update.run(panel: panel) }
    }
  }

  private struct Update: @unchecked Sendable {
    let matrix: UnsafeMutablePointer<Double>
    let rowLength: Int
    /// [panel, i, 8]: the vectors, and the vectors times minus their weights.
    let packed: UnsafeMutablePointer<Double>
    let weighted: UnsafeMutablePointer<Double>
    let depth: Int
    let scale: Double

    /// Updates the eight rows of a panel up to the diagonal, and their mirror image.
    @inline(__always)
    func run(panel: Int) {
      for cell in stride(from: 0, to: panel & ~1, by: 2) {
        let tiles = sums(panel: panel, cell: cell, isPair: true)
        store(tiles.0, panel: panel, cell: cell)
        store(tiles.1, panel: panel, cell: cell &+ 1)
      }
      if panel & 1 == 1 {
        store(
          sums(panel: panel, cell: panel &- 1, isPair: false).0, panel: panel, cell: panel &- 1)
      }
      storeDiagonal(sums(panel: panel, cell: panel, isPair: false).0, panel: panel)
    }

    typealias Tile = (Vector, Vector, Vector, Vector, Vector, Vector, Vector, Vector)

    @inline(__always)
    private func elements(_ row: Int, _ cell: Int) -> UnsafeMutablePointer<Vector> {
      UnsafeMutableRawPointer(matrix + (row &* rowLength &+ cell &* 8))
        .assumingMemoryBound(to: Vector.self)
    }

    /// The new values of one tile of 8 x 8 or two of them side by side.
    @inline(__always)
    private func sums(panel: Int, cell: Int, isPair: Bool) -> (Tile, Tile) {
      let factor = Vector(repeating: scale)
      @inline(__always)
      func initial(_ row: Int, _ offset: Int) -> Vector {
        offset == 1 && !isPair
          ? .zero : elements(panel &* 8 &+ row, cell &+ offset).pointee * factor
      }
      var (a0, a1, a2, a3) = (initial(0, 0), initial(1, 0), initial(2, 0), initial(3, 0))
      var (a4, a5, a6, a7) = (initial(4, 0), initial(5, 0), initial(6, 0), initial(7, 0))
      var (b0, b1, b2, b3) = (initial(0, 1), initial(1, 1), initial(2, 1), initial(3, 1))
      var (b4, b5, b6, b7) = (initial(4, 1), initial(5, 1), initial(6, 1), initial(7, 1))
      let rows = weighted + panel &* depth &* 8
      let left = UnsafeRawPointer(packed + cell &* depth &* 8)
        .assumingMemoryBound(to: Vector.self)
      let right = isPair ? left + depth : left
      for index in 0..<depth {
        let (x, y) = (left[index], right[index])
        let row = rows + index &* 8
        @inline(__always)
        func add(_ lane: Int, _ a: inout Vector, _ b: inout Vector) {
          let weight = Vector(repeating: row[lane])
          a = a.addingProduct(weight, x)
          if isPair { b = b.addingProduct(weight, y) }
        }
        add(0, &a0, &b0)
        add(1, &a1, &b1)
        add(2, &a2, &b2)
        add(3, &a3, &b3)
        add(4, &a4, &b4)
        add(5, &a5, &b5)
        add(6, &a6, &b6)
        add(7, &a7, &b7)
      }
      return ((a0, a1, a2, a3, a4, a5, a6, a7), (b0, b1, b2, b3, b4, b5, b6, b7))
    }

    @inline(__always)
    private func store(_ tile: Tile, panel: Int, cell: Int) {
      write(tile, rows: panel, cell: cell)
      write(transposed(tile), rows: cell, cell: panel)
    }

    @inline(__always)
    private func write(_ tile: Tile, rows: Int, cell: Int) {
      let first = elements(rows &* 8, cell)
      let vectors = rowLength / 8
      first[0] = tile.0
      first[vectors] = tile.1
      first[2 &* vectors] = tile.2
      first[3 &* vectors] = tile.3
      first[4 &* vectors] = tile.4
      first[5 &* vectors] = tile.5
      first[6 &* vectors] = tile.6
      first[7 &* vectors] = tile.7
    }

    /// Three rounds of interleaving rows r and r + 4 transpose an 8 x 8 tile.
    @inline(__always)
    private func transposed(_ tile: Tile) -> Tile {
      @inline(__always)
      func interleaved(_ even: SIMD4<Double>, _ odd: SIMD4<Double>) -> Vector {
        var result = Vector()
        result.evenHalf = even
        result.oddHalf = odd
        return result
      }
      @inline(__always)
      func low(_ a: Vector, _ b: Vector) -> Vector { interleaved(a.lowHalf, b.lowHalf) }
      @inline(__always)
      func high(_ a: Vector, _ b: Vector) -> Vector { interleaved(a.highHalf, b.highHalf) }
      @inline(__always)
      func round(_ t: Tile) -> Tile {
        (
          low(t.0, t.4), high(t.0, t.4), low(t.1, t.5), high(t.1, t.5),
          low(t.2, t.6), high(t.2, t.6), low(t.3, t.7), high(t.3, t.7)
        )
      }
      return round(round(round(tile)))
    }

    /// The tile on the diagonal: its lower triangle is kept, and mirrored.
    @inline(__always)
    private func storeDiagonal(_ tile: Tile, panel: Int) {
      write(tile, rows: panel, cell: panel)
      let first = matrix + panel &* 8 &* (rowLength &+ 1)
      for row in 0..<8 {
        for column in 0..<row {
          first[column &* rowLength &+ row] = first[row &* rowLength &+ column]
        }
      }
    }
  }
}
