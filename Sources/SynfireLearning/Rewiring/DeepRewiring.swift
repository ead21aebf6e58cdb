import SynfireCore

/// DEEP R: connections that lose their weight go dormant, and as many others are woken, so that the number
/// of connections stays at a bound (Bellec, Kappel, Maass & Legenstein 2018, as in the code of LSNN).
///
/// After the step of any rule and optimizer, over several `Sparse` matrices under one bound:
///
/// 1. theta = 0 where it was dormant before: only rewiring wakes a connection.
/// 2. theta += -rate l1 + sqrt(2 rate temperature) xi where theta > 0, xi standard normal.
/// 3. As many dormant connections as there are too few are set to 1e-12: each is given to a matrix with
///    probability proportional to its share of the bound, and drawn there uniformly, without replacement.
///
/// The moments of the optimizer are kept. The original algorithm is the same behind plain gradient descent,
/// with a temperature.
public struct DeepRewiring: Sendable, Equatable {
  /// One matrix theta.
  public struct Matrix: Sendable, Equatable {
    /// The tensor's full name, such as `hidden.recurrent.weights`.
    public let name: String
    /// The part of the synapses that the bound counts.
    public let density: Double
    /// Synapses that there may be [postsynaptic, presynaptic]; all of them when nil.
    public let isAllowed: [Bool]?

    public init(name: String, density: Double, isAllowed: [Bool]? = nil) {
      self.name = name
      self.density = density
      self.isAllowed = isAllowed
    }
  }

  public var matrices: [Matrix]
  /// Of the weights' decay: each update takes the learning rate times this away.
  public var l1: Double
  public var temperature: Double
  public var seed: UInt64

  public init(
    _ matrices: [Matrix], l1: Double = 0.01, temperature: Double = 0, seed: UInt64
  ) {
    self.matrices = matrices
    self.l1 = l1
    self.temperature = temperature
    self.seed = seed
  }

  /// The most connections of all matrices together, int(sum of density times size).
  public func bound(_ parameters: NamedTensors<Float>) -> Int {
    Int(shares(parameters).reduce(0, +))
  }

  /// Connections that there are.
  public func connections(_ parameters: NamedTensors<Float>) -> Int {
    matrices.reduce(0) { sum, matrix in
      sum + (parameters[matrix.name]?.values.count { $0 > 0 } ?? 0)
    }
  }

  /// Checks that the matrices are there and that the connections respect the bound.
  ///
  /// - Throws: `LearningError` naming the matrix, or both numbers.
  public func validate(_ parameters: NamedTensors<Float>, outputs: Int) throws {
    for matrix in matrices {
      guard let tensor = parameters[matrix.name] else {
        throw LearningError("there is no tensor to rewire", place: matrix.name)
      }
      guard matrix.isAllowed.map({ $0.count == tensor.count }) ?? true else {
        throw LearningError("the allowed synapses are not those of the tensor", place: matrix.name)
      }
    }
    let bound = bound(parameters)
    try Self.requireRoom(bound, outputs: outputs)
    let connections = connections(parameters)
    guard connections <= bound else {
      throw LearningError(
        "\(connections) connections are more than the bound of \(bound)", place: "rewiring",
        remedy: "Raise the connectivity, or start from fewer connections.")
    }
  }

  /// The part of the bound of each matrix.
  private func shares(_ parameters: NamedTensors<Float>) -> [Double] {
    matrices.map { $0.density * Double(parameters[$0.name]?.count ?? 0) }
  }

  /// Rewires after an optimizer's step.
  ///
  /// - Parameters:
  ///   - before: the parameters before that step.
  ///   - rate: its learning rate.
  ///   - update: the number of the update, which the random numbers are keyed by.
  public func apply(
    to parameters: inout NamedTensors<Float>, before: NamedTensors<Float>,
    learningRate rate: Double,
    update: Int
  ) {
    var stream = RandomStream(seed: seed, stream: "rewiring", step: UInt64(update))
    let decay = Float(rate * l1)
    let noise = Float((2 * rate * temperature).squareRoot())
    for matrix in matrices {
      let old = before[matrix.name]!.values
      parameters.update(matrix.name) { tensor in
        for index in tensor.values.indices {
          if old[index] <= 0 { tensor.values[index] = 0 }
          guard tensor.values[index] > 0 else { continue }
          tensor.values[index] -= decay
          if noise > 0 { tensor.values[index] += noise * Float(stream.normal()) }
        }
      }
    }
    wake(&parameters, &stream)
  }

  /// Connects dormant synapses until the bound is met.
  private func wake(_ parameters: inout NamedTensors<Float>, _ stream: inout RandomStream) {
    let shares = shares(parameters)
    let missing = max(0, bound(parameters) - connections(parameters))
    guard missing > 0 else { return }
    var dormant = matrices.map { matrix in
      let values = parameters[matrix.name]!.values
      guard let isAllowed = matrix.isAllowed else {
        return values.indices.filter { values[$0] <= 0 }
      }
      return values.indices.filter { values[$0] <= 0 && isAllowed[$0] }
    }
    var chosen = matrices.map { _ in [Int]() }
    for _ in 0..<missing {
      // A matrix without a dormant synapse left takes no part.
      let open = matrices.indices.filter { !dormant[$0].isEmpty && shares[$0] > 0 }
      guard var index = open.last else { break }
      var place = stream.uniform() * open.reduce(0) { $0 + shares[$1] }
      for candidate in open {
        place -= shares[candidate]
        if place < 0 {
          index = candidate
          break
        }
      }
      let pick = stream.integer(below: dormant[index].count)
      chosen[index].append(dormant[index][pick])
      dormant[index].swapAt(pick, dormant[index].count - 1)
      dormant[index].removeLast()
    }
    for (matrix, indices) in zip(matrices, chosen) {
      parameters.update(matrix.name) { tensor in
        for index in indices { tensor.values[index] = 1e-12 }
      }
    }
  }
}
