import CMuJoCo
import Foundation

/// The folder into which `make deps-mujoco` puts the physics engine MuJoCo and the models of bodies.
public struct MuJoCoFolder: Sendable, Equatable {
  public let path: String

  public init(_ path: String) { self.path = path }

  /// The one that `SYNFIRE_MUJOCO` names, or `.mujoco` in the folder that the program was built in.
  public static let standard = MuJoCoFolder(
    ProcessInfo.processInfo.environment["SYNFIRE_MUJOCO"].flatMap { $0.isEmpty ? nil : $0 }
      ?? checkout + "/.mujoco")

  /// The folder of the sources that this was built from.
  private static let checkout =
    (0..<5).reduce(URL(filePath: #filePath)) { folder, _ in folder.deletingLastPathComponent() }
    .path(percentEncoded: false).replacing(/\/$/, with: "")

  /// The version of MuJoCo that is needed; trajectories differ between versions.
  public static let neededVersion = versionText(synfire_mujoco_needed_version())

  /// The version of MuJoCo that this program can use now; nil where it cannot.
  public var usableVersion: String? {
    (try? MuJoCoEngine(self)) == nil ? nil : Self.neededVersion
  }

  var libraryPath: String {
    #if canImport(Darwin)
      "\(path)/lib/libmujoco.\(Self.neededVersion).dylib"
    #else
      "\(path)/lib/libmujoco.so.\(Self.neededVersion)"
    #endif
  }

  /// The path of a model.
  ///
  /// - Throws: `TasksError` that says where it was looked for and what to run.
  func model(_ file: String) throws -> String {
    let path = "\(path)/models/\(file)"
    guard FileManager.default.fileExists(atPath: path) else {
      throw TasksError(
        "there is no such model of a body", place: path, remedy: Self.remedy)
    }
    return path
  }

  static let remedy = """
    Run `make deps-mujoco` in \(checkout), which fetches MuJoCo \(neededVersion) and the models, and build again; \
    or let SYNFIRE_MUJOCO name a folder that it has filled.
    """

  /// 4000000 is 4.0.0, and 330 was 3.3.0.
  static func versionText(_ version: Int32) -> String {
    version < 100_000
      ? "\(version / 100).\(version / 10 % 10).\(version % 10)"
      : "\(version / 1_000_000).\(version / 1_000 % 1_000).\(version % 1_000)"
  }
}
