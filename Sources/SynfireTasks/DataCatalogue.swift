/// One file of a data set, told by its raw content: mirrors may have compressed it differently.
public struct DataSetFile: Sendable, Equatable {
  /// The name without `.gz`.
  public let name: String
  /// The length of the raw content in bytes.
  public let bytes: Int
  /// The sha256 of the raw content, lower-case hexadecimal.
  public let sha256: String

  public init(name: String, bytes: Int, sha256: String) {
    self.name = name
    self.bytes = bytes
    self.sha256 = sha256
  }
}

/// A public data set: its files, and where they can be had as gzip.
public struct DataSet: Sendable, Equatable {
  public let name: String
  /// What it is, in one line, with its source.
  public let summary: String
  public let files: [DataSetFile]
  /// Addresses to which the name of a file and `.gz` are appended, the first tried first.
  public let mirrors: [String]

  public init(name: String, summary: String, files: [DataSetFile], mirrors: [String]) {
    self.name = name
    self.summary = summary
    self.files = files
    self.mirrors = mirrors
  }
}

/// The data sets that can be listed, verified and fetched.
public struct DataCatalogue: Sendable {
  public let dataSets: [DataSet]

  public init(_ dataSets: [DataSet]) { self.dataSets = dataSets }

  /// The data set of that name.
  ///
  /// - Throws: `TasksError` that names all there are.
  public func dataSet(_ name: String) throws -> DataSet {
    if let found = dataSets.first(where: { $0.name == name }) { return found }
    throw TasksError(
      "no data set is named \(name)",
      remedy: "The data sets are: \(dataSets.map(\.name).joined(separator: ", ")).")
  }

  /// MNIST and Fashion-MNIST.
  public static let standard = DataCatalogue([
    DataSet(
      name: "mnist",
      summary:
        "60,000 + 10,000 handwritten digits of 28 x 28 pixels (LeCun, Cortes and Burges, 1998)",
      files: [
        DataSetFile(
          name: "train-images-idx3-ubyte", bytes: 47_040_016,
          sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
        DataSetFile(
          name: "train-labels-idx1-ubyte", bytes: 60_008,
          sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
        DataSetFile(
          name: "t10k-images-idx3-ubyte", bytes: 7_840_016,
          sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
        DataSetFile(
          name: "t10k-labels-idx1-ubyte", bytes: 10_008,
          sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
      ],
      mirrors: [
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
      ]),
    DataSet(
      name: "fashion-mnist",
      summary:
        "60,000 + 10,000 pictures of clothes of 28 x 28 pixels (Xiao, Rasul and Vollgraf, 2017)",
      files: [
        DataSetFile(
          name: "train-images-idx3-ubyte", bytes: 47_040_016,
          sha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
        DataSetFile(
          name: "train-labels-idx1-ubyte", bytes: 60_008,
          sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
        DataSetFile(
          name: "t10k-images-idx3-ubyte", bytes: 7_840_016,
          sha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
        DataSetFile(
          name: "t10k-labels-idx1-ubyte", bytes: 10_008,
          sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
      ],
      mirrors: ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"]),
  ])
}
