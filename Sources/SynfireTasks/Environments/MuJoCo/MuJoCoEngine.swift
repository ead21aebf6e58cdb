import CMuJoCo
import Foundation
import Synchronization

/// The physics engine, opened; its functions may be called from any thread.
struct MuJoCoEngine: @unchecked Sendable {
  private static let opening = NSLock()
  /// Constant from when it was opened until the end of the program.
  let functions: UnsafePointer<synfire_mujoco_engine>

  /// Opens the library of a folder.
  ///
  /// - Throws: `TasksError` if it is not there, cannot be opened or is of another version than the one
  ///   needed, or if this program was built without its headers.
  init(_ folder: MuJoCoFolder) throws {
    guard synfire_mujoco_is_built_in() != 0 else {
      throw TasksError(
        "this program was built without the physics engine MuJoCo", remedy: MuJoCoFolder.remedy)
    }
    let path = folder.libraryPath
    guard FileManager.default.fileExists(atPath: path) else {
      throw TasksError(
        "the physics engine MuJoCo is not there", place: path, remedy: MuJoCoFolder.remedy)
    }
    var version: Int32 = 0
    var opened: UnsafePointer<synfire_mujoco_engine>?
    let reason = Self.reason { error, length in
      opened = Self.opening.withLock { synfire_mujoco_open(path, &version, error, length) }
    }
    if let opened {
      functions = opened
      return
    }
    if version != 0, version != synfire_mujoco_needed_version() {
      throw TasksError(
        "this is MuJoCo \(MuJoCoFolder.versionText(version)), and \(MuJoCoFolder.neededVersion) is needed",
        place: path, remedy: MuJoCoFolder.remedy)
    }
    throw TasksError(
      "the physics engine MuJoCo cannot be opened: \(reason)", place: path,
      remedy: MuJoCoFolder.remedy)
  }

  /// What a function of the engine has written about its failure.
  static func reason(_ body: (UnsafeMutablePointer<CChar>, Int32) -> Void) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1_024) { buffer in
      buffer.initialize(repeating: 0)
      body(buffer.baseAddress!, Int32(buffer.count))
      return String(cString: buffer.baseAddress!)
    }
  }
}

/// A model of a body, read once and shared by all that simulate it.
final class MuJoCoModel: @unchecked Sendable {
  let functions: UnsafePointer<synfire_mujoco_engine>
  /// Never written to.
  let pointer: OpaquePointer
  let sizes: synfire_mujoco_sizes

  /// - Throws: `TasksError` if the engine or the file is missing or wrong.
  init(_ file: String, folder: MuJoCoFolder) throws {
    let engine = try MuJoCoEngine(folder)
    let path = try folder.model(file)
    var read: OpaquePointer?
    let reason = MuJoCoEngine.reason { error, length in
      read = engine.functions.pointee.load(path, error, length)
    }
    guard let read else {
      throw TasksError(
        "this model cannot be read: \(reason)", place: path, remedy: MuJoCoFolder.remedy)
    }
    functions = engine.functions
    pointer = read
    sizes = functions.pointee.sizes(read)
  }

  deinit { functions.pointee.delete_model(pointer) }

  /// The mass of each body, the world first, in kilograms.
  var masses: UnsafeBufferPointer<Double> {
    UnsafeBufferPointer(start: sizes.body_masses, count: Int(sizes.bodies))
  }
}

/// The state of a model and what follows from it; one a thread.
final class MuJoCoData {
  let model: MuJoCoModel
  let pointer: OpaquePointer
  let fields: synfire_mujoco_fields

  init(_ model: MuJoCoModel) throws {
    guard let made = model.functions.pointee.make_data(model.pointer) else {
      throw TasksError(
        "there is no memory for the physics of a body",
        remedy: "Use fewer threads, each of which has one.", isUserMistake: false)
    }
    self.model = model
    pointer = made
    fields = model.functions.pointee.fields(made)
  }

  deinit { model.functions.pointee.delete_data(pointer) }
}

/// A model that is read when it is first wanted.
final class SharedMuJoCoModel: Sendable {
  private let file: String
  private let folder: MuJoCoFolder
  private let model = Mutex<MuJoCoModel?>(nil)

  init(_ file: String, folder: MuJoCoFolder) {
    self.file = file
    self.folder = folder
  }

  func get() throws -> MuJoCoModel {
    try model.withLock { model in
      if let model { return model }
      let read = try MuJoCoModel(file, folder: folder)
      model = read
      return read
    }
  }
}
