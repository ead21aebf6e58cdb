import Foundation
import SynfireCore

/// What a run was made by: the names and values of the `manifest` group of `run.h5`.
public enum RunManifest {
  /// The version of Synfire.
  public static let version = "0.1.0"

  /// - Parameters:
  ///   - threads: the number of worker threads.
  ///   - dataHashes: the sha256 of the raw content of each data file, by path.
  public static func current(
    seed: UInt64, threads: Int, dataHashes: [String: String]
  ) -> [String: String] {
    var manifest = [
      "synfireVersion": version,
      "swiftVersion": swiftVersion,
      "operatingSystem": ProcessInfo.processInfo.operatingSystemVersionString,
      "instructionSet": "\(InstructionSet.build)",
      "seed": String(seed),
      "threads": String(threads),
      "started": Date().formatted(.iso8601),
    ]
    manifest.merge(hashEntries(dataHashes)) { $1 }
    return manifest
  }

  /// Entries `sha256 FILE` of data files, which are given by path.
  static func hashEntries(_ hashes: [String: String]) -> [String: String] {
    var entries: [String: String] = [:]
    for (file, hash) in hashes {
      entries["sha256 " + URL(fileURLWithPath: file).lastPathComponent] = hash
    }
    return entries
  }

  /// The version of the compiler.
  public static var swiftVersion: String {
    #if swift(>=6.4)
      "6.4 or later"
    #elseif swift(>=6.3)
      "6.3"
    #elseif swift(>=6.2)
      "6.2"
    #else
      "6.1"
    #endif
  }
}
