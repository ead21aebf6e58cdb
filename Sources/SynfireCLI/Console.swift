import Foundation
import Synfire

/// The terminal, or the pipe, that the program writes to.
enum Console {
  /// Whether standard error is a terminal, on which a line can be redrawn.
  static let isTerminal = isatty(STDERR_FILENO) == 1

  /// Columns of the terminal.
  static var width: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Writes results to standard output.
  static func output(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

  /// Writes one JSON object to standard output.
  static func output(_ value: JSONValue) { output(value.indentedText) }

  /// Writes progress and remarks to standard error.
  static func note(_ text: String, terminator: String = "\n") {
    write(text + terminator, to: STDERR_FILENO)
  }

  static func warning(_ text: String) { note("warning: " + text) }

  static func error(_ text: String) { note("error: " + text) }

  static func exit(_ code: Int32) -> Never {
    fflush(nil)
    Foundation.exit(code)
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var bytes = ArraySlice(text.utf8)
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress!, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        // Nobody reads any more, as in `synfire list | head -1`.
        return
      }
      bytes = bytes.dropFirst(count)
    }
  }
}
