import Foundation
import Synfire

/// Turns SIGINT and SIGTERM into a request to stop after the batch; a second one ends at once.
final class SignalWatch {
  let stop = StopFlag()
  private var sources: [any DispatchSourceSignal] = []

  init() {
    for number in [SIGINT, SIGTERM] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { [stop] in
        if stop.signal != nil { _exit(128 + number) }
        stop.raise(signal: number)
        let name = number == SIGINT ? "SIGINT" : "SIGTERM"
        Console.note("\n\(name): stops after a checkpoint; once more to stop at once")
      }
      source.resume()
      sources.append(source)
    }
  }
}
