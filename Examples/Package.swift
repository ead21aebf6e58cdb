// swift-tools-version: 6.2
import PackageDescription

/// Synfire's kernels are specialised in the module that uses them: pass the flag here as well, or
/// fused multiply-adds become calls. (`swift build -Xcc -march=native` does the same.)
let native: [SwiftSetting] = [.unsafeFlags(["-Xcc", "-march=native"]), .swiftLanguageMode(.v6)]

func example(_ name: String) -> Target {
  .executableTarget(
    name: name, dependencies: [.product(name: "Synfire", package: "synfire")], path: name,
    swiftSettings: native)
}

let package = Package(
  name: "synfire-examples",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "synfire", path: "..")],
  targets: [
    example("TrainOnYourArrays"),
    example("WriteYourOwnNeuronModel"),
    example("AnalyzeARun"),
  ]
)
