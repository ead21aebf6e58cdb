import SynfireFormats
import Testing

@Suite struct IDXTests {
  static func idx(_ shape: [Int], _ bytes: [UInt8]) -> [UInt8] {
    var header: [UInt8] = [0, 0, 8, UInt8(shape.count)]
    for length in shape {
      header += (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }
    }
    return header + bytes
  }

  static let pixels: [UInt8] = (0..<24).map { $0 * 7 }
  static let images = idx([2, 3, 4], pixels)
  static let labels = idx([2], [9, 0])

  func complaint(images: [UInt8] = Self.images, labels: [UInt8] = Self.labels) throws -> (
    what: String, remedy: String
  ) {
    try withFile(images) { imagesPath in
      try withFile(labels) { labelsPath in
        let error = #expect(throws: FormatsError.self) {
          try LabelledImages(images: imagesPath, labels: labelsPath, classes: 10)
        }
        #expect(error?.place == imagesPath || error?.place == labelsPath)
        return (error?.what ?? "", error?.remedy ?? "")
      }
    }
  }

  @Test(arguments: [false, true])
  func readsImagesAndLabels(compressed: Bool) throws {
    try withFile(compressed ? gzip(Self.images) : Self.images) { imagesPath in
      try withFile(compressed ? gzip(Self.labels) : Self.labels) { labelsPath in
        let set = try LabelledImages(images: imagesPath, labels: labelsPath, classes: 10)
        #expect(set.images == IDXArray(shape: [2, 3, 4], bytes: Self.pixels))
        #expect(set.labels == [9, 0])
        try IDXReader(path: imagesPath, axes: 3).check()
      }
    }
  }

  @Test func wrongMagic() throws {
    let exchanged = try complaint(images: Self.labels, labels: Self.images)
    #expect(exchanged.what.contains("wrong magic number 2051"))
    #expect(exchanged.remedy.contains("exchanged"))
    let page = try complaint(images: Array("<!DOCTYPE html><html></html>".utf8))
    #expect(page.what.contains("wrong magic number") && page.remedy.contains("not an IDX file"))
    var floats = Self.images
    floats[2] = 0x0d
    #expect(try complaint(images: floats).remedy.contains("another type"))
  }

  @Test func truncatedAndTooLong() throws {
    for length in [3, 9, Self.images.count - 1] {
      let cut = Array(Self.images[..<length])
      #expect(try complaint(images: cut).what.contains("cut short"))
      #expect(try complaint(images: gzip(cut)).what.contains("cut short"))
    }
    #expect(try complaint(images: Self.images + [0]).what.contains("too long"))
    #expect(try complaint(images: gzip(Self.images + [0])).what.contains("too long"))
    try withFile(gzip(Self.images + [0])) { path in
      #expect(throws: FormatsError.self) { try IDXReader(path: path, axes: 3).check() }
    }
    #expect(try complaint(images: Array(gzip(Self.images).dropLast(4))).what.contains("cut short"))
  }

  @Test func aHugeClaimIsRefusedBeforeMemoryIsTaken() throws {
    let huge = Self.idx([0xffff_ffff, 0xffff_ffff, 0xffff_ffff], [1, 2, 3])
    #expect(try complaint(images: huge).what.contains("cut short"))
    #expect(try complaint(images: gzip(huge)).what.contains("cut short"))
  }

  @Test func emptyFileAndNoImages() throws {
    #expect(try complaint(images: []).what.contains("empty"))
    #expect(try complaint(labels: []).what.contains("empty"))
    #expect(try complaint(images: Self.idx([0, 3, 4], [])).what.contains("nothing in it"))
  }

  @Test func labelOverNine() throws {
    let (what, remedy) = try complaint(labels: Self.idx([2], [3, 10]))
    #expect(what.contains("label 1 is 10") && what.contains("0 to 9"))
    #expect(remedy.contains("10 classes"))
  }

  @Test func countsThatDiffer() throws {
    let (what, _) = try complaint(labels: Self.idx([3], [1, 2, 3]))
    #expect(what.contains("2 images") && what.contains("3 labels"))
  }
}
