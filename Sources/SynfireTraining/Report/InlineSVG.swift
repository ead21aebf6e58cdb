/// An SVG drawing as part of an HTML page.
struct InlineSVG {
  /// The `svg` element.
  let text: String

  /// - Parameter prefix: goes before every identifier, since several drawings on a page must not
  ///   share one.
  init(_ svg: String, prefix: String) {
    var text = svg
    if let start = text.range(of: "<svg") { text = String(text[start.lowerBound...]) }
    for (before, quote) in [("id=", "\""), ("id=", "'"), ("href=", "\"#"), ("href=", "'#")] {
      text = text.replacing(" \(before)\(quote)", with: " \(before)\(quote)\(prefix)-")
    }
    text = text.replacing("xlink:href=\"#", with: "xlink:href=\"#\(prefix)-")
      .replacing("xlink:href='#", with: "xlink:href='#\(prefix)-")
      .replacing("url(#", with: "url(#\(prefix)-")
    self.text = text
  }
}
