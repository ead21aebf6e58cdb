import Foundation
import SynfireCore
import SynfireFormats

/// The report of a run: one HTML page that needs nothing else, neither files nor a network.
public struct RunReport {
  let experiment: Experiment
  let checkpoint: Checkpoint
  let outcomes: [RunAnalyses.Outcome]

  public init(
    experiment: Experiment, checkpoint: Checkpoint, outcomes: [RunAnalyses.Outcome]
  ) {
    self.experiment = experiment
    self.checkpoint = checkpoint
    self.outcomes = outcomes
  }

  /// Writes the page, in one step.
  public func write(to path: String) throws {
    try AtomicFile.write(html, to: path)
  }

  /// The whole page.
  public var html: String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>\(experiment.name.escaped) · Synfire</title>
    <style>
    \(RunReport.style)
    </style>
    </head>
    <body>
    <header>
    <p class="system">Synfire</p>
    <h1>\(experiment.name.escaped)</h1>
    <p class="purpose">\(experiment.purpose.escaped)</p>
    \(facts)
    </header>
    <main>
    \(numbers)
    \(outcomes.map(section).joined(separator: "\n"))
    \(configuration)
    </main>
    <footer>Synfire \(RunManifest.version) · \(Date().formatted(.iso8601).escaped)</footer>
    </body>
    </html>

    """
  }

  /// The line of short facts under the title.
  private var facts: String {
    let sizes = experiment.shortcuts.prefix(2).map { ($0.key, $0.value) }
    let batches =
      checkpoint.isFinished ? "\(checkpoint.batch)" : "\(checkpoint.batch), not finished"
    let all =
      sizes + [
        ("seed", "\(checkpoint.seed)"), ("batches", batches),
        ("updates", "\(checkpoint.updates)"),
        ("training time", MetricText.duration(checkpoint.seconds)),
      ]
    let items = all.map { "<div><dt>\($0.0.escaped)</dt><dd>\($0.1.escaped)</dd></div>" }
    return "<dl class=\"facts\">\(items.joined())</dl>"
  }

  private func section(_ outcome: RunAnalyses.Outcome) -> String {
    let name = outcome.kind.name
    var body = ""
    if let figure = outcome.figure, let svg = try? String(contentsOf: figure, encoding: .utf8) {
      let moving = outcome.animation.flatMap { try? String(contentsOf: $0, encoding: .utf8) }
      body = """
        <figure>
        \(InlineSVG(svg, prefix: name).text)
        \(moving.map { InlineSVG($0, prefix: "\(name)-animation").text } ?? "")
        <figcaption>\(outcome.caption.escaped)</figcaption>
        </figure>
        """
    } else {
      body = "<p class=\"absent\">Not drawn: \((outcome.reason ?? "no figure").escaped).</p>"
    }
    if !outcome.numbers.isEmpty {
      let rows = outcome.numbers.map {
        "<tr><th scope=\"row\">\($0.name.escaped)</th><td>\(MetricText.number($0.value))</td></tr>"
      }
      body += "\n<table class=\"found\">\(rows.joined())</table>"
    }
    return "<section id=\"\(name)\">\n<h2>\(outcome.title.escaped)</h2>\n\(body)\n</section>"
  }

  private var configuration: String {
    let manifest = checkpoint.manifest.sorted { $0.key < $1.key }.map {
      "<tr><th scope=\"row\">\($0.key.escaped)</th><td>\($0.value.escaped)</td></tr>"
    }
    return """
      <section id="made-by">
      <h2>How it was made</h2>
      <details><summary>The experiment, as YAML</summary>
      <pre>\(checkpoint.configuration.escaped)</pre></details>
      <details><summary>Versions, machine and data</summary>
      <table class="found">\(manifest.joined())</table></details>
      </section>
      """
  }
}

extension String {
  /// The text with the characters of HTML's own as entities.
  var escaped: String {
    replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }
}
