/// Finds what the user probably meant.
enum NearestSpelling {
  /// The candidate that is fewest typing mistakes away from `word`, when that is close enough to be
  /// the likely intention: at most a third of the word's letters, and at least two, may be wrong.
  static func of<Candidates: Collection<String>>(_ word: String, among candidates: Candidates)
    -> String?
  {
    let allowed = max(2, word.count / 3)
    let ranked = candidates.map { (candidate: $0, mistakes: mistakes(word, $0)) }
    guard let best = ranked.min(by: { $0.mistakes < $1.mistakes }) else { return nil }
    // A word of three letters is two mistakes away from most others.
    return best.mistakes <= min(allowed, max(1, word.count - 2)) ? best.candidate : nil
  }

  /// Up to `count` candidates, the most similar first; candidates that contain the word come before
  /// the others.
  static func several<Candidates: Collection<String>>(
    _ word: String, among candidates: Candidates, count: Int
  ) -> [String] {
    let lowered = word.lowercased()
    let ranked = candidates.map { candidate in
      let contains = !lowered.isEmpty && candidate.lowercased().contains(lowered)
      return (candidate: candidate, distance: contains ? 0 : mistakes(word, candidate))
    }
    let sorted = ranked.sorted {
      ($0.distance, $0.candidate) < ($1.distance, $1.candidate)
    }
    return sorted.prefix(count).map(\.candidate)
  }

  /// The optimal-string-alignment distance (insertions, deletions, substitutions, exchanges of
  /// neighbours), blind to case, hyphens and underscores.
  static func mistakes(_ first: String, _ second: String) -> Int {
    let a = letters(first)
    let b = letters(second)
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in 1...a.count {
      var row = [i] + [Int](repeating: 0, count: b.count)
      for j in 1...b.count {
        let substituted = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
        row[j] = min(substituted, last[j] + 1, row[j - 1] + 1)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
          row[j] = min(row[j], beforeLast[j - 2] + 1)
        }
      }
      beforeLast = last
      last = row
    }
    return last[b.count]
  }

  private static func letters(_ word: String) -> [Character] {
    word.lowercased().filter { $0 != "-" && $0 != "_" && $0 != " " }.map { $0 }
  }
}

extension NearestSpelling {
  /// The dotted path that was probably meant by `key`, which may be a path or just its end.
  static func ofPath(_ key: String, among paths: [String]) -> String? {
    let length = ConfigurationNode.steps(key).count
    let asked = ConfigurationNode.steps(key)
    let ranked = paths.map { path -> (path: String, mistakes: Int) in
      let steps = ConfigurationNode.steps(path)
      // Steps that were left out, with all others right, count as one mistake.
      if length > 1, asked.isSubsequence(of: steps) { return (path, 1) }
      let end = steps.suffix(length).joined(separator: ".")
      return (path, min(mistakes(key, path), mistakes(key, end)))
    }
    // Of paths that end the same, the shortest speaks of the outermost thing.
    let best = ranked.min { ($0.mistakes, $0.path.count) < ($1.mistakes, $1.path.count) }
    guard let best, best.mistakes <= min(max(2, key.count / 3), max(1, key.count - 2)) else {
      return nil
    }
    return best.path
  }
}

extension [String] {
  /// Whether these come in the other list in this order, perhaps with others between them.
  fileprivate func isSubsequence(of other: [String]) -> Bool {
    var rest = other[...]
    for word in self {
      guard let index = rest.firstIndex(of: word) else { return false }
      rest = rest[(index + 1)...]
    }
    return true
  }
}
