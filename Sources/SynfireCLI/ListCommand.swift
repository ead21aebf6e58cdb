import ArgumentParser
import Synfire

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The experiments that are bundled, with their purpose.")

  @Flag(help: "Write one JSON object.")
  var json = false

  func run() throws {
    let listings = try ExperimentLibrary.list()
    if json {
      let experiments = listings.map { listing -> JSONValue in
        .object(["name": .string(listing.name), "purpose": .string(listing.purpose)])
      }
      Console.output(.object(["experiments": .array(experiments)]))
      return
    }
    let width = listings.map(\.name.count).max() ?? 0
    for listing in listings {
      let space = String(repeating: " ", count: width - listing.name.count + 2)
      Console.output(listing.name + space + listing.purpose)
    }
  }
}
