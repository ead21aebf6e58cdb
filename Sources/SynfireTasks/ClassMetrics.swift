/// The largest of each `outputs` numbers in a row; the first of equals.
func winners(_ values: some RandomAccessCollection<Float>, outputs: Int) -> [Int] {
  let values = Array(values)
  return stride(from: 0, to: values.count, by: outputs).map { start in
    (1..<outputs).reduce(0) { values[start + $1] > values[start + $0] ? $1 : $0 }
  }
}

/// `accuracy`, the fraction of answers that are right, and `error`, the rest; nothing without answers.
func classMetrics(answers: [Int], classes: some Collection<Int>) -> [String: Double] {
  guard !classes.isEmpty else { return [:] }
  let right = zip(answers, classes).count { $0 == $1 }
  return [
    "accuracy": Double(right) / Double(classes.count),
    "error": Double(classes.count - right) / Double(classes.count),
  ]
}
