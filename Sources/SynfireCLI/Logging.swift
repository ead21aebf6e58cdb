import Logging

/// Log messages as plain lines on standard error.
struct ConsoleLogHandler: LogHandler {
  var logLevel = Logger.Level.notice
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    // A line of progress may stand there.
    if Console.isTerminal { Console.note("\r\u{1B}[K", terminator: "") }
    let isRemark = event.level <= .notice
    Console.note((isRemark ? "" : "\(event.level): ") + "\(event.message)")
  }

  /// A logger that writes to the console.
  static func logger() -> Logger { Logger(label: "synfire") { _ in ConsoleLogHandler() } }
}
