/// The mean or standard deviation of initial weights, as a number or as a function of the sizes of
/// the layer, so that it follows when a size is overridden.
///
/// In the file: `0.5`, `1/neurons`, `1/sqrt(inputs)`, `1.5/sqrt(modes)`.
public struct InitialScale: Sendable, Equatable {
  /// A size that a scale may depend on.
  public enum Size: String, Sendable, CaseIterable {
    /// Presynaptic neurons or channels of the connection.
    case inputs
    /// Neurons of the layer.
    case neurons
    /// Modes of a connection through modes.
    case modes
    /// Outputs of the readout.
    case outputs
    /// Factors of a connection through factors.
    case factors
  }

  public enum Dependence: Sendable, Equatable {
    case constant
    case inverse(Size)
    case inverseRoot(Size)
  }

  public let coefficient: Double
  public let dependence: Dependence

  public init(_ coefficient: Double, _ dependence: Dependence = .constant) {
    self.coefficient = coefficient
    self.dependence = dependence
  }

  /// The number, for sizes that were given; a size that the scale does not use may be missing.
  ///
  /// - Returns: nil when the size on which the scale depends is missing.
  public func value(_ sizes: [Size: Int]) -> Double? {
    switch dependence {
    case .constant: coefficient
    case .inverse(let size): sizes[size].map { coefficient / Double($0) }
    case .inverseRoot(let size): sizes[size].map { coefficient / Double($0).squareRoot() }
    }
  }

  /// The size on which the scale depends.
  public var size: Size? {
    switch dependence {
    case .constant: nil
    case .inverse(let size), .inverseRoot(let size): size
    }
  }
}

extension ConfigurationScalar {
  /// A scale that uses none but the sizes that the connection has.
  func scale(of sizes: [InitialScale.Size], _ limit: NumberLimit) throws -> InitialScale {
    guard let slash = text.firstIndex(of: "/"), !isQuoted else {
      return InitialScale(try number(limit))
    }
    let forms = sizes.map { "1/sqrt(\($0.rawValue))" }.joined(separator: ", ")
    let remedy = "write a number, or a number divided by a size or its root: \(forms)"
    let words = text[text.index(after: slash)...].filter { !$0.isWhitespace }
    let root = words.wholeMatch(of: /sqrt\((\w+)\)/)?.output.1
    let name = root.map(String.init) ?? words
    guard let number = DecimalText(prefixOf: String(text[..<slash])), number.rest.isEmpty,
      let size = InitialScale.Size(rawValue: name), sizes.contains(size)
    else {
      throw rejected("\"\(text)\" is not a scale that this connection has", remedy: remedy)
    }
    let coefficient = number.value()
    guard coefficient.isFinite, limit.contains(coefficient) else {
      throw rejected("\(text) is out of range", remedy: "it must be \(limit.inWords)")
    }
    return InitialScale(coefficient, root == nil ? .inverse(size) : .inverseRoot(size))
  }
}
