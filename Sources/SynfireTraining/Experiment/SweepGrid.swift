/// Values of one key over which a sweep runs: `--grid modes=1,3,30`.
public struct SweepGrid: Sendable, Equatable {
  /// A short key or a dotted path.
  public let key: String
  /// YAML texts.
  public let values: [String]

  public init(key: String, values: [String]) {
    self.key = key
    self.values = values
  }

  /// Reads `key=a,b,c`; commas inside brackets belong to the value.
  ///
  /// - Throws: `ExperimentError` when the key or a value is missing, or a value comes twice.
  public init(parsing text: String) throws {
    let place = ConfigurationPlace(file: "--grid \(text)")
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let key = parts.first.map { String($0).trimmingSpaces() } ?? ""
    let values = parts.count == 2 ? SweepGrid.split(parts[1]) : []
    guard !key.isEmpty, !values.isEmpty, values.allSatisfy({ !$0.isEmpty }) else {
      throw ExperimentError(
        "a key or a value is missing", at: place, remedy: "write --grid key=a,b,c")
    }
    if let twice = values.first(where: { value in values.count { $0 == value } > 1 }) {
      throw ExperimentError("the value \(twice) is there twice", at: place)
    }
    self.init(key: key, values: values)
  }

  private static func split(_ text: Substring) -> [String] {
    var values = [""]
    var depth = 0
    for character in text {
      if "[{".contains(character) { depth += 1 }
      if "]}".contains(character) { depth -= 1 }
      if character == ",", depth == 0 {
        values.append("")
      } else {
        values[values.count - 1].append(character)
      }
    }
    return values.map { $0.trimmingSpaces() }
  }
}

/// One run of a sweep.
public struct SweepPoint: Sendable, Equatable {
  /// Usable as the name of a folder: `modes=3_neurons=100_seed=0`.
  public let name: String
  /// What to override, the seed last.
  public let overrides: [Override]
}

extension SweepPoint {
  /// Every combination of the values of the grids with each seed, the last grid and the seeds
  /// changing fastest. Seeds count up from that of the experiment.
  ///
  /// - Parameters:
  ///   - common: overrides of every run.
  /// - Throws: `ExperimentError` when a combination is not a valid experiment, a key is in two
  ///   grids, or there would be more than 10 000 runs.
  public static func all(
    of file: ExperimentFile, grids: [SweepGrid], seeds: Int = 1, common: [Override] = []
  ) throws -> [SweepPoint] {
    let sweep = ConfigurationPlace(file: "--grid")
    if let twice = grids.first(where: { grid in grids.count { $0.key == grid.key } > 1 }) {
      throw ExperimentError("\(twice.key) is in two grids", at: sweep, remedy: "join their values")
    }
    guard seeds >= 1 else {
      throw ExperimentError(
        "\(seeds) seeds are none", at: ConfigurationPlace(file: "--seeds"), remedy: "give 1 or more"
      )
    }
    let runs = grids.reduce(Double(seeds)) { $0 * Double($1.values.count) }
    guard runs <= 10_000 else {
      throw ExperimentError(
        "these are more than 10 000 runs", at: sweep, remedy: "split the sweep")
    }
    let firstSeed = try file.experiment(overrides: common).seed
    var combinations: [[Override]] = [[]]
    for grid in grids {
      combinations = combinations.flatMap { combination in
        grid.values.map { combination + [Override(key: grid.key, value: $0)] }
      }
    }
    return try combinations.flatMap { combination in
      // A combination is checked once, seeds cannot make it wrong.
      _ = try file.experiment(overrides: common + combination)
      return (0..<UInt64(seeds)).map { seed in
        let numbered = combination + [Override(key: "seed", value: String(firstSeed + seed))]
        return SweepPoint(name: name(of: numbered), overrides: common + numbered)
      }
    }
  }

  private static func name(of overrides: [Override]) -> String {
    overrides.map { override in
      let value = override.value.map { character in
        character.isASCII && (character.isLetter || character.isNumber || ".+-".contains(character))
          ? character : "-"
      }
      return "\(override.key)=\(String(value))"
    }.joined(separator: "_")
  }
}
