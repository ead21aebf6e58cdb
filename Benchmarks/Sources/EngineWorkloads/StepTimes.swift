import SynfireCore

/// The seconds that training steps took, and the memory of the process at its peak.
public struct StepTimes {
  public private(set) var seconds: [Double] = []
  /// Of forward runs alone, if they were timed.
  public private(set) var forwardSeconds: [Double]?
  /// In bytes.
  public private(set) var peakMemory = 0
  /// Of the last step.
  public private(set) var loss = 0.0
  /// Of the last step, in Hz.
  public private(set) var firingRate = 0.0

  /// Times `count` steps after two that warm up.
  ///
  /// - Parameter unitsEach: what a step consists of, if seconds are to be those of one such part.
  public init(
    count: Int, unitsEach: Int = 1, _ step: () throws -> (loss: Double, firingRate: Double)
  ) rethrows {
    seconds = try Self.seconds(count) { (loss, firingRate) = try step() }
      .map { $0 / Double(unitsEach) }
    var usage = rusage()
    #if os(Linux)
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      peakMemory = Int(usage.ru_maxrss) * 1024
    #else
      getrusage(RUSAGE_SELF, &usage)
      peakMemory = Int(usage.ru_maxrss)
    #endif
  }

  /// Times as many forward runs.
  public mutating func addForward(_ run: () throws -> Void) rethrows {
    forwardSeconds = try Self.seconds(seconds.count, run)
  }

  private static func seconds(_ count: Int, _ body: () throws -> Void) rethrows -> [Double] {
    let clock = ContinuousClock()
    let all = try (0..<count + 2).map { _ in try clock.measure(body) / .seconds(1) }
    return Array(all.dropFirst(2))
  }

  /// Prints one line of JSON, without a library whose memory would be counted.
  public func print() {
    func text(_ number: Double) -> String { number.isFinite ? "\(number)" : "null" }
    func list(_ numbers: [Double]) -> String { "[\(numbers.map(text).joined(separator: ","))]" }
    var fields = [
      ("seconds", list(seconds)), ("peakMemory", "\(peakMemory)"), ("loss", text(loss)),
      ("firingRate", text(firingRate)),
    ]
    if let forwardSeconds { fields.append(("forwardSeconds", list(forwardSeconds))) }
    Swift.print("{\(fields.map { "\"\($0)\":\($1)" }.joined(separator: ","))}")
  }
}
