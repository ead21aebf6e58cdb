import Foundation
import SynfireCore
import Testing

@Suite struct InstructionSetTests {
  @Test func aBuildThatRunsAsksForNoMoreThanTheMachineHas() {
    let (build, machine) = (InstructionSet.build, InstructionSet.machine)
    #expect(machine.hasFusedMultiplyAdd || !build.hasFusedMultiplyAdd)
    #expect(machine.hasAVX2 || !build.hasAVX2)
    #expect(machine.hasAVX512 || !build.hasAVX512)
    #expect(machine.hasNEON == build.hasNEON)
  }

  /// These tests are built as the root package is, for the machine's own instruction set.
  @Test func rootBuildsAreForThisMachine() {
    #expect(InstructionSet.build == InstructionSet.machine)
    #expect(InstructionSet.complaint == nil)
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/cpuinfo")))
  func machineIsWhatTheKernelSays() throws {
    let text = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("flags") }) else {
      return
    }
    let flags = Set(line.split(separator: " ").map(String.init))
    #expect(InstructionSet.machine.hasFusedMultiplyAdd == flags.contains("fma"))
    #expect(InstructionSet.machine.hasAVX2 == flags.contains("avx2"))
    #expect(
      InstructionSet.machine.hasAVX512
        == flags.isSuperset(of: ["avx512f", "avx512vl", "avx512dq", "avx512bw"]))
  }

  @Test func descriptionNamesTheFamily() {
    let text = InstructionSet.build.description
    #if arch(x86_64)
      #expect(text.hasPrefix("x86-64"))
    #elseif arch(arm64)
      #expect(text.hasPrefix("arm64 NEON"))
    #endif
    #expect(text.hasSuffix("fused multiply-add)"))
    #expect(text.contains("(fused") == InstructionSet.build.hasFusedMultiplyAdd)
  }

  @Test func buildsForLessThanTheMachineAreReported() {
    let plain = InstructionSet(features: 16)
    let avx2 = InstructionSet(features: 16 | 1 | 2)
    let avx512 = InstructionSet(features: 16 | 1 | 2 | 4)
    #expect(plain.description == "x86-64 (no fused multiply-add)")
    #expect(avx2.description == "x86-64 AVX2 (fused multiply-add)")
    #expect(avx512.description == "x86-64 AVX-512 (fused multiply-add)")
    #expect(InstructionSet.complaint(build: avx512, machine: avx512) == nil)
    #expect(InstructionSet.complaint(build: avx2, machine: avx2) == nil)
    #expect(InstructionSet.complaint(build: avx2, machine: avx512)?.contains("AVX-512") == true)
    #expect(InstructionSet.complaint(build: plain, machine: avx2)?.contains("slower") == true)
    #expect(InstructionSet.complaint(build: plain, machine: plain)?.contains("slow") == true)
  }
}
