import SynfireCore
import Testing

/// Products of random matrices against a triple loop in Double. Each of the k additions of a sum
/// rounds a number below the sum of magnitudes, hence the bound of (k + 8) 2^-24 times that sum.
@Suite struct MatrixProductTests {
  private func values(_ count: Int, _ name: String) -> [Float] {
    var stream = RandomStream(seed: 21, stream: name)
    return stream.uniforms(count).map { 2 * $0 - 1 }
  }

  private static let margins: [(Int, Int, Int)] = [
    (1, 1, 1), (2, 3, 4), (3, 5, 31), (4, 7, 32), (5, 16, 33), (6, 17, 48), (7, 31, 49),
    (8, 32, 64),
    (9, 33, 65), (12, 100, 100), (15, 191, 10), (16, 192, 3), (17, 193, 96), (23, 385, 15),
    (64, 224, 224), (61, 220, 220), (2, 600, 130), (128, 50, 128), (1, 224, 1), (300, 1, 17),
    (130, 129, 127), (256, 9, 40), (129, 257, 16),
  ]

  @Test(arguments: margins)
  func packedProduct(shape: (Int, Int, Int)) {
    let (m, k, n) = shape
    // Strides are larger than the rows, and what lies between must stay as it is.
    let (aStride, cStride) = (k + 3, n + 5)
    let a = values(m * aStride, "a")
    let b = values(k * n, "b")
    let before = values(m * cStride, "c")
    var transposed = [Float](repeating: 0, count: k * n)
    for row in 0..<k { for column in 0..<n { transposed[column * k + row] = b[row * n + column] } }
    for isTransposed in [false, true] {
      var matrix = PackedMatrix(rows: k, columns: n)
      if isTransposed {
        matrix.pack(transposed, rowStride: 1, columnStride: k)
      } else {
        matrix.pack(b)
      }
      #expect(matrix[k - 1, n - 1] == b[k * n - 1])
      for accumulate in [false, true] {
        var c = before
        matrix.multiply(
          a, rows: m, stride: aStride, into: &c, stride: cStride, accumulate: accumulate)
        var worst = 0.0
        var kept = true
        for row in 0..<m {
          for column in 0..<cStride {
            let index = row * cStride + column
            guard column < n else {
              kept = kept && c[index] == before[index]
              continue
            }
            var sum = accumulate ? Double(before[index]) : 0
            var size = abs(sum)
            for i in 0..<k {
              let product = Double(a[row * aStride + i]) * Double(b[i * n + column])
              sum += product
              size += abs(product)
            }
            worst = max(worst, abs(Double(c[index]) - sum) / (Double(k + 8) * 0x1p-24 * size))
          }
        }
        #expect(worst <= 1)
        #expect(kept)
      }
    }
  }

  /// Products of numbers of 8 bits are exact in single precision, so only sums round.
  @Test(
    arguments: margins + [(1, 1, 16), (9, 31, 32), (16, 33, 48), (17, 300, 224), (70, 1024, 80)])
  func productInBFloat16(shape: (Int, Int, Int)) {
    let (m, k, n) = shape
    let (given, bStride, cStride) = (max(1, n - 1), n + 2, n + 5)
    let a = values(m * k, "a")
    let b = values(k * bStride, "b")
    let before = values(m * cStride, "c")
    let matrix = BFloat16Matrix(b, rows: k, stride: bStride, columns: n, given: given)
    let laneStride = (BFloat16Matrix.pairs(k) + 15) & ~15
    var lanes = [UInt32](repeating: .max, count: m * laneStride)
    lanes.withUnsafeMutableBufferPointer { lanes in
      for row in 0..<m {
        // What lies behind a row must not matter.
        let source = a[row * k..<(row + 1) * k] + [Float](repeating: .nan, count: 32)
        Array(source).withUnsafeBufferPointer {
          _ = BFloat16Matrix.round(
            $0.baseAddress!, count: k, into: lanes.baseAddress! + row * laneStride)
        }
      }
    }
    for (accumulate, inTiles) in [(false, false), (true, false), (false, true), (true, true)]
    where !inTiles || BFloat16Matrix.hasTiles {
      var c = before
      matrix.multiply(
        lanes, rows: m, stride: laneStride, into: &c, stride: cStride, accumulate: accumulate,
        inTiles: inTiles)
      var worst = 0.0
      for row in 0..<m {
        for column in 0..<n {
          var sum = accumulate ? Double(before[row * cStride + column]) : 0
          var size = abs(sum) + 1e-30
          for i in 0..<k where column < given {
            let product = rounded(a[row * k + i]) * rounded(b[i * bStride + column])
            sum += product
            size += abs(product)
          }
          let difference = abs(Double(c[row * cStride + column]) - sum)
          worst = max(worst, difference / (Double(k + 8) * 0x1p-24 * size))
        }
        #expect(c[row * cStride + n] == before[row * cStride + n])
      }
      #expect(worst <= 1)
    }
  }

  /// Each factor is off by half a unit of its row or column, sums of products are exact, and only what is made of
  /// them rounds.
  @Test(
    arguments: margins + [(1, 1, 16), (9, 31, 32), (16, 33, 48), (17, 300, 224), (70, 1024, 80)])
  func productInIntegers(shape: (Int, Int, Int)) {
    let (m, k, n) = shape
    let (given, bStride, cStride) = (max(1, n - 1), n + 2, n + 5)
    let a = values(m * k, "a")
    let b = values(k * bStride, "b")
    let before = values(m * cStride, "c")
    for accumulate in [false, true] {
      let c = product(a, b, shape, given: given, bStride: bStride, before, cStride, accumulate)
      var worst = 0.0
      for row in 0..<m {
        let largest = a[row * k..<(row + 1) * k].map { Double(abs($0)) }.max()!
        for column in 0..<n {
          let weights = (0..<k).map { column < given ? Double(b[$0 * bStride + column]) : 0 }
          // The coarsest unit that a column may have is such that no sum of 128 terms overflows.
          let unit = max(weights.map { abs($0) }.max()! / 32767, largestSum(weights) / 260_000)
          let start = accumulate ? Double(before[row * cStride + column]) : 0
          var (sum, bound) = (start, 0x1p-20 * abs(start) + 1e-30)
          for i in 0..<k {
            let factor = Double(a[row * k + i])
            sum += factor * weights[i]
            bound += largest / 8191 / 2 * (abs(weights[i]) + unit) + unit / 2 * abs(factor)
            bound += 0x1p-20 * abs(factor * weights[i])
          }
          worst = max(worst, abs(Double(c[row * cStride + column]) - sum) / bound)
        }
        #expect(c[row * cStride + n] == before[row * cStride + n])
      }
      #expect(worst <= 1)
    }
  }

  /// Sums of products that are all as large as scales let them be.
  @Test func sumsOfTheLargestIntegersDoNotOverflow() {
    let k = 1024
    for sign in [Float(1), -1] {
      let c = product(
        [Float](repeating: 3, count: k), [Float](repeating: sign * 7, count: k * 2), (1, k, 1),
        given: 1, bStride: 2, [0, 0], 2, false)
      #expect(abs(c[0] / (sign * 21 * Float(k)) - 1) < 1e-3)
    }
  }

  /// What is not finite stays so, and what is nothing stays nothing.
  @Test func integersSayWhatIsNotFinite() {
    for (number, other) in [
      (Float.nan, Float(1)), (.infinity, 1), (-.nan, 1), (1, .nan), (1, .infinity),
    ] {
      let c = product(
        [1, number, 1], [1, 0, other, 0, 1, 0], (1, 3, 1), given: 1, bStride: 2, [0, 0], 2, false)
      #expect(!c[0].isFinite)
    }
    let c = product(
      [0, 0, 1e-38], [1, 0, 0, 0, 1, 0], (1, 3, 1), given: 1, bStride: 2, [5, 0], 2, true)
    #expect(c[0] == 5)
  }

  private func product(
    _ a: [Float], _ b: [Float], _ shape: (m: Int, k: Int, n: Int), given: Int, bStride: Int,
    _ before: [Float], _ cStride: Int, _ accumulate: Bool
  ) -> [Float] {
    let matrix = Int16Matrix(b, rows: shape.k, stride: bStride, columns: shape.n, given: given)
    let laneStride = (Int16Matrix.pairs(shape.k) + 15) & ~15
    var lanes = [UInt32](repeating: .max, count: shape.m * laneStride)
    let scales = (0..<shape.m).map { row in
      // What lies behind a row must not matter.
      let source = a[row * shape.k..<(row + 1) * shape.k] + [Float](repeating: .nan, count: 32)
      return lanes.withUnsafeMutableBufferPointer { lanes in
        Array(source).withUnsafeBufferPointer {
          Int16Matrix.round(
            $0.baseAddress!, count: shape.k, into: lanes.baseAddress! + row * laneStride)
        }
      }
    }
    var c = before
    matrix.multiply(
      lanes, scales: scales, rows: shape.m, stride: laneStride, into: &c, stride: cStride,
      accumulate: accumulate)
    return c
  }

  /// The largest sum of magnitudes of 128 numbers that follow each other.
  private func largestSum(_ numbers: [Double]) -> Double {
    numbers.indices.map { start in numbers[start...].prefix(128).reduce(0) { $0 + abs($1) } }.max()!
  }

  /// The nearest number of 8 bits, the even one of two.
  private func rounded(_ number: Float) -> Double {
    let step = 0x1p-7 * Double(sign: .plus, exponent: Int(number.exponent), significand: 1)
    return (Double(number) / step).rounded(.toNearestOrEven) * step
  }

  @Test(arguments: margins)
  func outerProduct(shape: (Int, Int, Int)) {
    let (k, m, n) = shape
    let (aStride, bStride, gStride) = (k + 1, n + 2, n + 3)
    let a = values(m * aStride, "a")
    let b = values(m * bStride, "b")
    let before = values(k * gStride, "g")
    var g = before
    OuterProduct.accumulate(
      a, columns: k, stride: aStride, b, columns: n, stride: bStride, rows: m, into: &g,
      stride: gStride)
    var worst = 0.0
    var kept = true
    for row in 0..<k {
      for column in 0..<gStride {
        let index = row * gStride + column
        guard column < n else {
          kept = kept && g[index] == before[index]
          continue
        }
        var sum = Double(before[index])
        var size = abs(sum)
        for i in 0..<m {
          let product = Double(a[i * aStride + row]) * Double(b[i * bStride + column])
          sum += product
          size += abs(product)
        }
        worst = max(worst, abs(Double(g[index]) - sum) / (Double(m + 8) * 0x1p-24 * size))
      }
    }
    #expect(worst <= 1)
    #expect(kept)
  }

  @Test func emptyProducts() {
    var c: [Float] = [1, 2]
    PackedMatrix(rows: 0, columns: 2).multiply(
      [], rows: 1, stride: 0, into: &c, stride: 2, accumulate: true)
    #expect(c == [1, 2])
    PackedMatrix(rows: 0, columns: 2).multiply(
      [], rows: 1, stride: 0, into: &c, stride: 2, accumulate: false)
    #expect(c == [0, 0])
    PackedMatrix(rows: 3, columns: 0).multiply(
      [1, 2, 3], rows: 1, stride: 3, into: &c, stride: 2, accumulate: false)
    #expect(c == [0, 0])
    OuterProduct.accumulate(
      [], columns: 1, stride: 1, [], columns: 2, stride: 2, rows: 0, into: &c, stride: 2)
    #expect(c == [0, 0])
  }

  /// A row's result must not depend on how many rows are multiplied with it: trials are split into
  /// shards, and their results must not depend on the split.
  @Test func rowsDoNotDependOnTheirNeighbours() {
    let (k, n) = (224, 100)
    let a = values(19 * k, "a")
    var matrix = PackedMatrix(rows: k, columns: n)
    matrix.pack(values(k * n, "b"))
    var together = [Float](repeating: 0, count: 19 * n)
    matrix.multiply(a, rows: 19, stride: k, into: &together, stride: n, accumulate: false)
    for row in 0..<19 {
      var alone = [Float](repeating: 0, count: n)
      Array(a[(row * k)...]).withUnsafeBufferPointer {
        matrix.multiply(
          $0.baseAddress!, rows: 1, stride: k, into: &alone, stride: n, accumulate: false)
      }
      #expect(alone == Array(together[(row * n)..<((row + 1) * n)]))
    }
  }

  @Test func packedMatricesAreValues() {
    var first = PackedMatrix(rows: 2, columns: 2)
    first.pack([1, 2, 3, 4])
    let copy = first
    first.pack([5, 6, 7, 8])
    #expect(copy[1, 0] == 3)
    #expect(first[1, 0] == 7)
  }

  @Test func ratesAreMeasured() {
    let peak = MachinePeak.fusedMultiplyAddRate(rounds: 3)
    let rate = MachinePeak.packedProductRate(rows: 64, inner: 224, columns: 224, rounds: 5)
    let outer = MachinePeak.outerProductRate(rows: 64, inner: 224, columns: 224, rounds: 5)
    let blas = MachinePeak.blasProductRate(rows: 64, inner: 224, columns: 224, rounds: 5)
    #expect(peak > 1 && rate > 1 && outer > 1 && blas > 1)
  }
}
