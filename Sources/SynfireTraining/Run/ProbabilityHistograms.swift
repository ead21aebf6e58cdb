import SynfireCore

/// How the probabilities of connections were distributed after each generation.
public struct ProbabilityHistograms: Sendable, Equatable {
  private static let batchName = "batch"

  /// The batches, counted from 1, of which there are counts.
  public private(set) var batches: [Int] = []
  /// By the name of the tensor [batch][bin]: how many of its elements are in each of the bins of equal width
  /// from 0 to 1.
  public private(set) var counts: [String: [[Double]]] = [:]

  public init() {}

  public var isEmpty: Bool { batches.isEmpty }

  /// Adds the counts of a batch; of none, nothing.
  mutating func append(_ histograms: [String: [Double]], batch: Int) {
    if histograms.isEmpty { return }
    batches.append(batch)
    for (name, bins) in histograms { counts[name, default: []].append(bins) }
  }

  /// `NAME` [row, bin], and `batch` [row].
  var tensors: NamedTensors<Float> {
    NamedTensors(
      [
        (
          Self.batchName,
          Tensor(axes: ["row"], shape: [batches.count], values: batches.map { Float($0) })
        )
      ]
        + counts.sorted { $0.key < $1.key }.map { name, rows in
          (
            name,
            Tensor(
              axes: ["row", "bin"], shape: [rows.count, rows.first?.count ?? 0],
              values: rows.joined().map { Float($0) })
          )
        })
  }

  init(tensors: NamedTensors<Float>) {
    batches = tensors[Self.batchName]?.values.map { Int($0) } ?? []
    for (name, tensor) in tensors.pairs where name != Self.batchName && tensor.shape.count == 2 {
      let bins = tensor.shape[1]
      counts[name] = (0..<tensor.shape[0]).map { row in
        tensor.values[row * bins..<(row + 1) * bins].map { Double($0) }
      }
    }
  }
}
