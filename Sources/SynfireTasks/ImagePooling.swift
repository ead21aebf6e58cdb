/// Images whose pixels are means over squares of the pixels of larger ones.
struct ImagePooling: Sendable {
  /// The sides of the larger images.
  let rows: Int
  let columns: Int
  /// The side of a square; 1 leaves images as they are.
  let side: Int

  /// - Throws: `TasksError` for squares that do not fill the images.
  init(rows: Int, columns: Int, side: Int, place: String) throws {
    guard side > 0, rows % side == 0, columns % side == 0 else {
      throw TasksError(
        "images of \(rows) x \(columns) pixels are no whole number of squares of \(side)",
        place: place, remedy: "Pool squares whose side divides both sides of the images.")
    }
    (self.rows, self.columns, self.side) = (rows, columns, side)
  }

  var pooledRows: Int { rows / side }
  var pooledColumns: Int { columns / side }
  var pooledPixels: Int { pooledRows * pooledColumns }

  /// Some of the images, axes [image, pixel], each mean rounded to a whole number.
  ///
  /// - Parameters:
  ///   - images: all images, axes [image, row, column].
  ///   - positions: which.
  func pooled(_ images: [UInt8], _ positions: [Int]) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: positions.count * pooledPixels)
    let area = side * side
    for (place, position) in positions.enumerated() {
      for row in 0..<pooledRows {
        for column in 0..<pooledColumns {
          var sum = area / 2
          for y in row * side..<(row + 1) * side {
            let start = (position * rows + y) * columns + column * side
            for pixel in images[start..<start + side] { sum += Int(pixel) }
          }
          result[place * pooledPixels + row * pooledColumns + column] = UInt8(sum / area)
        }
      }
    }
    return result
  }
}
