import SynfireCore

extension TrialBatch {
  func steps(ofTrial trial: Int) -> Int { lengths?[trial] ?? steps }

  /// The trials with equal inputs and targets at all their steps, in groups, in order of the first trial of
  /// each.
  ///
  /// Trials with inputs that are spikes, or targets that are classes, count as different.
  var alikeTrials: [[Int]] {
    guard case .analog(let inputs) = inputs, case .values(let targets) = targets else {
      return (0..<trials).map { [$0] }
    }
    var groups: [[Int]] = []
    var known: [[Float]: Int] = [:]
    for trial in 0..<trials {
      var content: [Float] = []
      for tensor in [inputs, targets] {
        let width = tensor.shape[2]
        for step in 0..<steps(ofTrial: trial) {
          let start = (step * trials + trial) * width
          content += tensor.values[start..<start + width]
        }
      }
      if let group = known[content] {
        groups[group].append(trial)
      } else {
        known[content] = groups.count
        groups.append([trial])
      }
    }
    return groups
  }

  /// The first of the largest groups of alike trials.
  var largestAlikeGroup: [Int] {
    let groups = alikeTrials
    let size = groups.map(\.count).max() ?? 0
    return groups.first { $0.count == size } ?? []
  }
}
