import CIntrinsics

/// The instruction set of a build or of a machine, as far as the kernels' speed depends on it.
public struct InstructionSet: Sendable, Equatable, CustomStringConvertible {
  private let features: UInt32

  /// What this build of the library was compiled for.
  public static let build = InstructionSet(features: synfire_build_features())

  /// What this machine can run.
  public static let machine = InstructionSet(features: synfire_machine_features())

  package init(features: UInt32) { self.features = features }

  /// Whether `a + b * c` is one instruction. Without it every such expression becomes a library
  /// call a lane, and the kernels are slower by an order of magnitude.
  public var hasFusedMultiplyAdd: Bool { has(synfire_has_fma) }

  public var hasAVX2: Bool { has(synfire_has_avx2) }

  /// The foundation, vector-length, doubleword and byte extensions of AVX-512.
  public var hasAVX512: Bool { has(synfire_has_avx512) }

  public var hasNEON: Bool { has(synfire_has_neon) }

  /// For instance `x86-64 AVX-512 (fused multiply-add)`.
  public var description: String {
    let family =
      has(synfire_is_x86_64) ? "x86-64" : has(synfire_is_aarch64) ? "arm64" : "another processor"
    let vectors = hasAVX512 ? " AVX-512" : hasAVX2 ? " AVX2" : hasNEON ? " NEON" : ""
    let fused = hasFusedMultiplyAdd ? "fused multiply-add" : "no fused multiply-add"
    return "\(family)\(vectors) (\(fused))"
  }

  /// What a user should know before trusting the speed of this build; nil when all is well.
  public static var complaint: String? { complaint(build: build, machine: machine) }

  package static func complaint(build: InstructionSet, machine: InstructionSet) -> String? {
    let remedy = "Build with `swift build -c release -Xcc -march=native`."
    if !build.hasFusedMultiplyAdd, machine.hasFusedMultiplyAdd {
      return "This build does not use the machine's fused multiply-add and is many times slower "
        + "than it could be. " + remedy
    }
    if !build.hasFusedMultiplyAdd { return "This machine has no fused multiply-add: it is slow." }
    if machine.hasAVX512, !build.hasAVX512 {
      return "This build is for \(build), the machine has \(machine). " + remedy
    }
    return nil
  }

  private func has(_ feature: some BinaryInteger) -> Bool { features & UInt32(feature) != 0 }
}
