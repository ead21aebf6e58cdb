import Foundation
import Synfire

/// Shows a run as it goes: a bar with rate and time left on a terminal, plain lines in a pipe.
final class TrainingDisplay {
  private let isTerminal: Bool
  private let clock = ContinuousClock()
  private var lastShown: ContinuousClock.Instant?
  private var lastLine = 0

  init(isTerminal: Bool = Console.isTerminal) { self.isTerminal = isTerminal }

  func show(_ event: TrainingEvent) {
    switch event {
    case .started(let batch, let batches):
      line(
        batch == 0
          ? "trains \(batches) \(batches == 1 ? "batch" : "batches")"
          : "goes on after batch \(batch) of \(batches)")
    case .batch(let progress): show(progress)
    case .evaluating(let split, let trials, let all):
      if isTerminal, isDue { redraw("\(split.rawValue): \(trials) of \(all) trials") }
    case .validated(let batch, let metrics, let isBest):
      line("batch \(batch): validation \(text(metrics))\(isBest ? ", the best so far" : "")")
    case .stoppedEarly(let batch, let best):
      line("batch \(batch): no improvement since batch \(best), stops early")
    case .goalReached(let batch, let metric):
      line("batch \(batch): the goal of the \(metric) is reached, training is over")
    case .tested(let metrics): line("test \(text(metrics))")
    case .checkpoint: break
    }
  }

  private func show(_ progress: TrainingEvent.BatchProgress) {
    let rate = Double(progress.batchesHere) / max(progress.seconds, 1e-9)
    let left = Double(progress.batches - progress.batch) / rate
    let isLast = progress.batch == progress.batches
    let facts =
      progress.meanReturn.map { String(format: "return %.4g  %.2f generations/s  ", $0, rate) }
      ?? String(
        format: "loss %.4g  %.1f Hz  %.1f batches/s  ", progress.loss, progress.firingRate, rate)
    if isTerminal {
      guard isDue || isLast else { return }
      let counts =
        "\(progress.batch)/\(progress.batches)  \(facts)\(MetricText.duration(left)) left"
      // The room for the text stays the same, so that the bar does not jump.
      let width = "\(progress.batches)/\(progress.batches)".count + 52
      redraw(bar(Double(progress.batch) / Double(progress.batches), beside: width) + counts)
      return
    }
    // About a hundred lines a run.
    let step = max(1, progress.batches / 100)
    guard progress.batch >= lastLine + step || isLast || lastLine == 0 else { return }
    lastLine = progress.batch
    line("batch \(progress.batch)/\(progress.batches)  \(facts)\(MetricText.duration(left)) left")
  }

  private func bar(_ fraction: Double, beside text: Int) -> String {
    let width = min(30, Console.width - text - 4)
    guard width >= 5 else { return "" }
    let eighths = Int(fraction * Double(width * 8))
    let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
    let full = String(repeating: "█", count: eighths / 8) + partial
    return full + String(repeating: "·", count: max(0, width - full.count)) + "  "
  }

  /// True ten times a second.
  private var isDue: Bool {
    let now = clock.now
    if let lastShown, now - lastShown < .milliseconds(100) { return false }
    lastShown = now
    return true
  }

  private func text(_ metrics: [String: Double]) -> String {
    metrics.sorted { $0.key < $1.key }
      .map { "\($0.key) \(MetricText.text($0.value, of: $0.key))" }.joined(separator: ", ")
  }

  private func redraw(_ text: String) {
    Console.note("\r\u{1B}[K" + text.prefix(Console.width - 1), terminator: "")
  }

  private func line(_ text: String) {
    if isTerminal { Console.note("\r\u{1B}[K", terminator: "") }
    Console.note(text)
  }
}
