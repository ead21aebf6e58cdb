// swift-tools-version: 6.2
import PackageDescription

/// True when this package is the one being built, and false when it is a dependency of another:
/// SwiftPM refuses unsafe flags in dependencies, so those builds stay portable.
let isRoot = !Context.packageDirectory.contains("/checkouts/")

/// Compiles for the instruction set of this machine (fused multiply-add, AVX-512, NEON).
let native: [SwiftSetting] = isRoot ? [.unsafeFlags(["-Xcc", "-march=native"])] : []
let nativeC: [CSetting] = isRoot ? [.unsafeFlags(["-march=native"])] : []

/// Continuous integration refuses warnings; a user's newer compiler may have new ones to give.
let isChecked = isRoot && Context.environment["CI"] == "true"
let strict: [SwiftSetting] =
  native + [.swiftLanguageMode(.v6)] + (isChecked ? [.treatAllWarnings(as: .error)] : [])
let strictC: [CSetting] = nativeC + (isChecked ? [.treatAllWarnings(as: .error)] : [])

/// A library target and, beside it, its tests.
func library(
  _ name: String, _ dependencies: [Target.Dependency], plugins: [Target.PluginUsage] = []
) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict, plugins: plugins)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: name + "Tests",
    dependencies: [.byName(name: name)] + dependencies,
    swiftSettings: strict
  )
}

let package = Package(
  name: "synfire",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Synfire", targets: ["Synfire"]),
    // Networks and learning rules alone, without HDF5, YAML and the rest.
    .library(
      name: "SynfireEngine", targets: ["SynfireCore", "SynfireNetworks", "SynfireLearning"]),
    .executable(name: "synfire", targets: ["SynfireCLI"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    .systemLibrary(
      name: "CHDF5", pkgConfig: "hdf5",
      providers: [.apt(["libhdf5-dev"]), .brew(["hdf5"])]
    ),
    .systemLibrary(
      name: "CLAPACK", pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]
    ),
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib",
      providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]
    ),
    .systemLibrary(
      name: "CMATIO", pkgConfig: "matio",
      providers: [.apt(["libmatio-dev"]), .brew(["libmatio"])]
    ),
    .target(name: "CIntrinsics", cSettings: strictC),
    // Does without the headers where `make deps-mujoco` has not put them.
    .target(
      name: "CMuJoCo", cSettings: strictC + [.headerSearchPath("../../.mujoco/include")]),

    library("SynfireCore", ["CIntrinsics", "CLAPACK"]),
    library("SynfireNetworks", ["SynfireCore"]),
    library("SynfireLearning", ["SynfireNetworks"]),
    library("SynfireFormats", ["SynfireCore", "CHDF5", "CMATIO", "CZlib"]),
    library(
      "SynfireTasks",
      [
        "SynfireCore", "SynfireFormats", "CMuJoCo",
        .product(name: "Crypto", package: "swift-crypto"),
      ]
    ),
    library("SynfireAnalysis", ["SynfireCore"]),
    .executableTarget(
      name: "EmbedExperimentsTool", swiftSettings: [.swiftLanguageMode(.v6)]),
    .plugin(
      name: "EmbedExperiments", capability: .buildTool(), dependencies: ["EmbedExperimentsTool"]),
    library(
      "SynfireTraining",
      [
        "SynfireLearning", "SynfireTasks", "SynfireFormats", "SynfireAnalysis",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Yams", package: "Yams"),
      ],
      plugins: ["EmbedExperiments"]
    ),
    library("Synfire", ["SynfireTraining"]),
    .executableTarget(
      name: "SynfireCLI",
      dependencies: [
        "Synfire", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict
    ),

    tests("SynfireCore"),
    tests("SynfireNetworks"),
    tests("SynfireLearning"),
    tests("SynfireFormats"),
    tests("SynfireTasks"),
    tests("SynfireAnalysis"),
    tests("SynfireTraining"),
    tests("SynfireCLI"),
  ]
)
