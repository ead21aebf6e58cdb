import ArgumentParser
import Foundation
import Synfire

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "List, verify and download data sets.",
    subcommands: [List.self, Verify.self, Fetch.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The data sets, and which are there.")
    @OptionGroup var data: DataOptions

    func run() throws {
      for set in DataCatalogue.standard.dataSets {
        let states = set.states(in: data.directory)
        let usable = states.count { $0.state.isUsable }
        let part = usable == 0 ? "not there" : "\(usable) of \(states.count) files"
        let state = usable == states.count ? "there" : part
        Console.output("\(set.name)  \(state)  \(set.summary)")
      }
    }
  }

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Compare the sha256 of the content of each file.")
    @Argument(help: "The data set; otherwise all that are there.")
    var name: String?
    @OptionGroup var data: DataOptions

    func run() throws {
      let sets =
        try name.map { [try DataCatalogue.standard.dataSet($0)] }
        ?? DataCatalogue.standard.dataSets
      var unusable: [String] = []
      for set in sets {
        var isUsable = true
        defer { if !isUsable { unusable.append(set.name) } }
        for (file, state) in try set.verify(in: data.directory) {
          switch state {
          case .whole(let path): Console.output("whole    \(path)")
          case .present(let path): Console.output("there    \(path)")
          case .missing:
            Console.output("missing  \(set.name)/\(file.name)")
            if name != nil { isUsable = false }
          case .broken(let path, let reason):
            Console.output("broken   \(path): \(reason)")
            isUsable = false
          }
        }
      }
      if let name = unusable.first {
        throw TasksError(
          "not every file is there and whole", place: unusable.joined(separator: ", "),
          remedy: "delete what is broken; `synfire data fetch \(name)` gets what is missing")
      }
    }
  }

  struct Fetch: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Download a data set into the data directory.",
      discussion: "A cut download is resumed; a file is put in place only when it is whole.")
    @Argument(help: "The data set.")
    var name: String
    @OptionGroup var data: DataOptions
    @Option(help: ArgumentHelp("Another address to download from.", valueName: "url"))
    var mirror: String?

    func run() throws {
      let set = try DataCatalogue.standard.dataSet(name)
      guard let directory = data.directory, !directory.isEmpty else {
        throw TrainingError(
          "no data directory is given", place: name,
          remedy: "name one with --data DIR or SYNFIRE_DATA")
      }
      try DataFetch().fetch(set, into: directory, mirror: mirror) { event in
        switch event {
        case .alreadyWhole(let file): Console.note("\(file) is there already")
        case .connecting(let url, let offset):
          Console.note(offset > 0 ? "\(url), from byte \(offset)" : url)
        case .received: break
        case .failed(let url, let reason): Console.warning("\(url): \(reason)")
        case .finished(_, let path): Console.output(path)
        }
      }
    }
  }
}
