import Foundation
import PackagePlugin

/// Embeds the YAML files of `Experiments/` in the program, so that one binary is enough.
@main
struct EmbedExperiments: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let folder = context.package.directoryURL.appending(path: "Experiments")
    let output = context.pluginWorkDirectoryURL.appending(path: "BundledExperiments.swift")
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    let experiments = (files?.allObjects as? [URL] ?? [])
      .filter { $0.pathExtension == "yaml" }
      .sorted { $0.path < $1.path }
    return [
      .buildCommand(
        displayName: "Embedding \(experiments.count) experiments",
        executable: try context.tool(named: "EmbedExperimentsTool").url,
        arguments: [folder.path, output.path] + experiments.map(\.path),
        inputFiles: experiments,
        outputFiles: [output])
    ]
  }
}
