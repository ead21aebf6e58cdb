// swift-tools-version: 6.2
import PackageDescription

/// Generic kernels are specialised here too, so they must be compiled for the same machine as Synfire's.
let native: [SwiftSetting] = [.unsafeFlags(["-Xcc", "-march=native"]), .swiftLanguageMode(.v6)]

let package = Package(
  name: "synfire-benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "synfire", path: ".."),
    .package(url: "https://github.com/ordo-one/benchmark", exact: "1.38.1", traits: []),
  ],
  targets: [
    .target(
      name: "EngineWorkloads", dependencies: [.product(name: "SynfireEngine", package: "synfire")],
      swiftSettings: native),
    .target(
      name: "Workloads",
      dependencies: ["EngineWorkloads", .product(name: "Synfire", package: "synfire")],
      swiftSettings: native),
    .executableTarget(name: "lsnn-step", dependencies: ["Workloads"], swiftSettings: native),
    .executableTarget(name: "alif-step", dependencies: ["EngineWorkloads"], swiftSettings: native),
    .executableTarget(name: "alif-example", dependencies: ["Workloads"], swiftSettings: native),
    .executableTarget(name: "rls-step", dependencies: ["Workloads"], swiftSettings: native),
    .executableTarget(
      name: "environment-steps", dependencies: [.product(name: "Synfire", package: "synfire")],
      swiftSettings: native),
    .executableTarget(name: "ec-step", dependencies: ["Workloads"], swiftSettings: native),
    .executableTarget(name: "smnn-step", dependencies: ["Workloads"], swiftSettings: native),
    .executableTarget(
      name: "matrix-product", dependencies: [.product(name: "Synfire", package: "synfire")],
      swiftSettings: native),
    .executableTarget(
      name: "SynfireBenchmarks",
      dependencies: ["Workloads", .product(name: "Benchmark", package: "benchmark")],
      path: "SynfireBenchmarks",
      swiftSettings: native, plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
  ]
)
