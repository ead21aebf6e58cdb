import Foundation

extension RunReport {
  /// The final numbers, beside the published ones where there are some.
  var numbers: String {
    let measured = self.measured
    let published = experiment.applicableNumbers
    let known = Set(published.map(\.metric))
    var rows = published.map { row($0, measured: measured[$0.metric]) }
    for (metric, value) in measured.sorted(by: { $0.key < $1.key }) where !known.contains(metric) {
      rows.append(
        "<tr><th scope=\"row\">\(MetricText.title(of: metric).escaped)</th>"
          + "<td>\(MetricText.text(value, of: metric))</td>"
          + (published.isEmpty ? "</tr>" : "<td></td><td></td><td></td></tr>"))
    }
    guard !rows.isEmpty else {
      return "<p class=\"absent\">There are no test results yet.</p>"
    }
    let comparison =
      published.isEmpty ? "" : "<th>published</th><th></th><th>source</th>"
    return """
      <section id="numbers">
      <h2>Numbers</h2>
      <div class="scroll"><table class="numbers">
      <thead><tr><th>test</th><th>measured</th>\(comparison)</tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody></table></div>
      </section>
      """
  }

  private func row(_ published: PublishedNumber, measured: Double?) -> String {
    let text = { MetricText.text($0, of: published.metric) }
    var verdict = ""
    if let measured {
      let agrees = abs(measured - published.value) <= published.band
      verdict =
        agrees
        ? "<span class=\"good\">within the band</span>"
        : "<span class=\"off\">outside the band</span>"
    }
    return "<tr><th scope=\"row\">\(MetricText.title(of: published.metric).escaped)</th>"
      + "<td>\(measured.map(text) ?? "–")</td>"
      + "<td>\(text(published.value)) ± \(text(published.band))</td>"
      + "<td>\(verdict)</td><td class=\"source\">\(published.source.escaped)</td></tr>"
  }

  /// The metrics of the test, and how fast training was.
  var measured: [String: Double] {
    var measured = checkpoint.testMetrics
    if experiment.expected.contains(where: { $0.metric == "batchesToLoss" }),
      let first = checkpoint.training["loss"]?.firstIndex(where: { $0 < RunReport.lossThreshold })
    {
      measured["batchesToLoss"] = Double(first + 1)
    }
    return measured
  }

  /// The loss whose first crossing measures training speed in Lin and Huang (2024), figure 2a.
  static let lossThreshold = 1.7
}
