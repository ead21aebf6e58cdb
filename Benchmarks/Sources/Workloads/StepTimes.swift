import Foundation

/// The seconds that training steps took, and the memory of the process at its peak.
public struct StepTimes: Encodable {
  public private(set) var seconds: [Double] = []
  /// In bytes.
  public private(set) var peakMemory = 0
  /// Of the last step.
  public private(set) var loss = 0.0
  /// Of the last step, in Hz.
  public private(set) var firingRate = 0.0

  /// Times `count` steps after two that warm up.
  public init(
    count: Int, _ step: () throws -> (loss: Double, firingRate: Double)
  ) rethrows {
    let clock = ContinuousClock()
    for index in 0..<count + 2 {
      let time = try clock.measure { (loss, firingRate) = try step() }.components
      if index >= 2 {
        seconds.append(Double(time.seconds) + Double(time.attoseconds) * 1e-18)
      }
    }
    var usage = rusage()
    #if os(Linux)
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      peakMemory = Int(usage.ru_maxrss) * 1024
    #else
      getrusage(RUSAGE_SELF, &usage)
      peakMemory = Int(usage.ru_maxrss)
    #endif
  }

  /// Prints one line of JSON.
  public func print() throws {
    let data = try JSONEncoder().encode(self)
    Swift.print(String(decoding: data, as: UTF8.self))
  }
}
