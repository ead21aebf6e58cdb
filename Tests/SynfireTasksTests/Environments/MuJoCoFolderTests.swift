import Foundation
import SynfireCore
import SynfireTasks
import Testing

/// What is said when the engine or a model is missing or wrong.
@Suite struct MuJoCoFolderTests {
  func complaint(_ folder: MuJoCoFolder) -> TasksError? {
    #expect(throws: TasksError.self) {
      try Locomotion.hopper().environment(folder: folder).make()
    }
  }

  /// A folder with the parts of the standard one that are named, linked.
  func folder(with parts: [String]) throws -> MuJoCoFolder {
    let path = NSTemporaryDirectory() + "synfire-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for part in parts {
      try FileManager.default.createSymbolicLink(
        atPath: "\(path)/\(part)", withDestinationPath: "\(MuJoCoFolder.standard.path)/\(part)")
    }
    return MuJoCoFolder(path)
  }

  /// The folder that `make deps-mujoco` fills, unless another is named.
  @Test func theStandardFolderIsInTheCheckout() throws {
    let named = ProcessInfo.processInfo.environment["SYNFIRE_MUJOCO"] ?? ""
    let checkout = (0..<4).reduce(URL(filePath: #filePath)) { folder, _ in
      folder.deletingLastPathComponent()
    }
    let expected = checkout.appending(path: ".mujoco").path(percentEncoded: false)
    #expect(MuJoCoFolder.standard.path == (named.isEmpty ? expected : named))
    #expect(MuJoCoFolder.neededVersion == "4.0.0")
  }

  @Test func withoutItTheSizesAreKnownAndTheRemedyIsSaid() throws {
    let nowhere = MuJoCoFolder("/nowhere/mujoco")
    #expect(nowhere.usableVersion == nil)
    let description = Locomotion.humanoid().environment(folder: nowhere)
    #expect(description.space.observations == 348)
    let error = try #require(complaint(nowhere))
    #expect(error.remedy.contains("make deps-mujoco") && error.isUserMistake)
  }

  @Test func sizesAreThePublishedOnes() throws {
    let sizes = [
      "Hopper-v5": (11, 3), "Walker2d-v5": (17, 6), "Humanoid-v5": (348, 17), "Hopper-v4": (11, 3),
      "Walker2d-v4": (17, 6), "Humanoid-v4": (376, 17), "Humanoid-v5-coordinates": (45, 17),
    ]
    #expect(Set(Locomotion.published.map(\.name)) == Set(sizes.keys))
    for task in Locomotion.published {
      let space = task.space
      #expect(space.observations == sizes[task.name]?.0)
      #expect(space.actions.outputs == sizes[task.name]?.1)
      #expect(space.stepLimit == 1_000)
      #expect(abs(space.timeStep - (task.model == "humanoid.xml" ? 0.015 : 0.008)) < 1e-15)
    }
  }

  @Test(needsMuJoCo) func aMissingLibraryIsSaidWithItsPlace() throws {
    let error = try #require(complaint(MuJoCoFolder("/nowhere/mujoco")))
    #expect(error.place.hasPrefix("/nowhere/mujoco/lib/libmujoco"))
    #expect(error.what.contains("not there"))
  }

  @Test(needsMuJoCo) func aMissingModelIsSaidWithItsPlace() throws {
    let folder = try folder(with: ["lib"])
    let error = try #require(complaint(folder))
    #expect(error.place == "\(folder.path)/models/hopper.xml")
    #expect(error.remedy.contains("make deps-mujoco"))
  }

  @Test(needsMuJoCo) func aModelThatCannotBeReadIsSaid() throws {
    let folder = try folder(with: ["lib"])
    try FileManager.default.createDirectory(
      atPath: folder.path + "/models", withIntermediateDirectories: true)
    let model = folder.path + "/models/hopper.xml"
    try Data("<mujoco><worldbody><bo".utf8).write(to: URL(filePath: model))
    let unreadable = try #require(complaint(folder))
    #expect(unreadable.what.contains("cannot be read: ") && unreadable.what.count > 40)
    let walker = MuJoCoFolder.standard.path + "/models/walker2d.xml"
    try Data(contentsOf: URL(filePath: walker)).write(to: URL(filePath: model))
    let other = try #require(complaint(folder))
    #expect(other.what.contains("is not the model of Hopper-v5"))
  }

  /// A file that is no library, and a library that is not MuJoCo or of another version.
  @Test(needsMuJoCo) func aWrongLibraryIsSaid() throws {
    let folder = try folder(with: ["models"])
    try FileManager.default.createDirectory(
      atPath: folder.path + "/lib", withIntermediateDirectories: true)
    let standard = MuJoCoFolder.standard.path + "/lib"
    let name = try #require(
      FileManager.default.contentsOfDirectory(atPath: standard).first { $0.contains("4.0.0") })
    let library = "\(folder.path)/lib/\(name)"
    try Data("no library".utf8).write(to: URL(filePath: library))
    #expect(try #require(complaint(folder)).what.contains("cannot be opened"))
    #expect(folder.usableVersion == nil)

    for (source, what) in [
      ("int mj_version(void) { return 3003000; }", "this is MuJoCo 3.3.0, and 4.0.0 is needed"),
      ("int mj_version(void) { return 330; }", "this is MuJoCo 3.3.0, and 4.0.0 is needed"),
      ("int mj_version(void) { return 4000000; }", "it has no function mju_setLogHandler"),
      ("int version(void) { return 4000000; }", "it has no function mj_version"),
    ] {
      try FileManager.default.removeItem(atPath: library)
      try compile(source, into: library)
      let error = try #require(complaint(folder))
      #expect(error.what.contains(what))
      #expect(error.place == library && error.remedy.contains("make deps-mujoco"))
    }
  }

  /// With the compiler that comes with Swift.
  private func compile(_ source: String, into library: String) throws {
    let file = library + ".c"
    try Data(source.utf8).write(to: URL(filePath: file))
    let compiler = Process()
    compiler.executableURL = URL(filePath: "/usr/bin/env")
    compiler.arguments = ["clang", "-shared", "-fPIC", "-o", library, file]
    try compiler.run()
    compiler.waitUntilExit()
    try #require(compiler.terminationStatus == 0)
  }
}
