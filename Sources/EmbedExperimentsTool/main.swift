import Foundation

// Writes Swift source with the text of each experiment under its name.
//
// Usage: EmbedExperimentsTool FOLDER OUTPUT FILE...
let arguments = CommandLine.arguments
guard arguments.count >= 3 else {
  FileHandle.standardError.write(Data("usage: EmbedExperimentsTool FOLDER OUTPUT FILE...\n".utf8))
  exit(2)
}
let prefix = arguments[1] + "/"
var source = """
  /// Generated from the YAML files of `Experiments/`.
  enum BundledExperiments {
    static let texts: [String: String] = [

  """
for path in arguments.dropFirst(3) {
  let name = path.dropFirst(path.hasPrefix(prefix) ? prefix.count : 0).dropLast(".yaml".count)
  let text = try String(contentsOf: URL(filePath: path), encoding: .utf8)
  source += "    \(String(name).debugDescription): \(text.debugDescription),\n"
}
if arguments.count == 3 { source += "    :\n" }
source += "  ]\n}\n"
try Data(source.utf8).write(to: URL(filePath: arguments[2]))
