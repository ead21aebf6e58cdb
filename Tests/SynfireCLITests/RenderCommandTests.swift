import Foundation
import Synfire
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Moving pictures of episodes, as a user asks for them.
@Suite struct RenderCommandTests {
  /// A run of few generations in a folder `run`.
  private func trained(_ name: String, _ changes: [String] = []) throws -> WorkFolder {
    let folder = try WorkFolder()
    let values =
      [
        "generations=2", "population=24", "learning.evaluationMembers=4", "neurons=12",
        "training.test.trials=3", "analysis=[]",
      ] + changes
    let outcome = try Program.run(
      ["train", name, "--out", "run"] + values.flatMap { ["--set", $0] }, in: folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    return folder
  }

  /// The values of all animations of an attribute.
  private func values(_ svg: String, of attribute: String) -> [[String]] {
    svg.matches(of: /<animate(?:Transform)? attributeName="([^"]+)"[^>]*values="([^"]+)"/)
      .filter { $0.1 == attribute }.map { $0.2.split(separator: ";").map(String.init) }
  }

  @Test(arguments: [("cartpole", 2), ("pendulum", 1), ("cartpole-dense", 2)])
  func aPictureMoves(name: String, parts: Int) throws {
    let folder = try trained("ec/\(name)", ["task.stepLimit=40"])
    let outcome = try Program.run(["render", "run", "--episode", "2", "--every", "3"], in: folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let path = folder.at("run/figures/episode-2.svg")
    #expect(outcome.output.trimmingCharacters(in: .newlines).hasSuffix("run/figures/episode-2.svg"))
    let svg = try String(contentsOfFile: path, encoding: .utf8)
    #expect(XMLParser(data: Data(svg.utf8)).parse())
    #expect(svg.components(separatedBy: "<line ").count - 1 == parts)
    #expect(svg.contains("ec/\(name), generation 2") && svg.contains("0.00 s"))
    // Every third of the steps is a pose, the beginning and the end are, and the end is held for a second.
    let said = try #require(outcome.errors.firstMatch(of: /return (\S+), (\d+) steps/))
    let steps = try #require(Int(said.2))
    let timeStep = name == "pendulum" ? 0.05 : 0.02
    let frames = (steps + 2) / 3 + 1 + Int((1 / (3 * timeStep)).rounded(.up))
    let ends = values(svg, of: "x2")
    #expect(ends.contains { Set($0).count > 3 } && ends.allSatisfy { $0.count == frames })
    #expect(values(svg, of: "transform").first?.count == frames)
    let total = String(format: "%.1f", try #require(Double(said.1))).replacing("-", with: "−")
    #expect(svg.contains("return \(total)"))
  }

  @Test(
    .enabled(
      if: (try? Gnuplot())?.terminals.contains("gif") == true, "gnuplot does not write GIF"))
  func aGIFIsWholeAndSmall() throws {
    let folder = try trained("ec/cartpole", ["task.stepLimit=20"])
    let outcome = try Program.run(
      ["render", "run", "--out", "a.gif", "--size", "200x120"], in: folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.at("a.gif"))))
    #expect(bytes.starts(with: Array("GIF89a".utf8)) && bytes.last == 0x3B)
    #expect(Int(bytes[6]) + 256 * Int(bytes[7]) == 200 && bytes[8] == 120)
    #expect((1000...200_000).contains(bytes.count))
  }

  @Test(
    .enabled(if: MuJoCoFolder.standard.usableVersion != nil, "needs make deps-mujoco"),
    arguments: [("hopper", 4, 0), ("walker2d", 7, 3), ("humanoid", 17, 6)])
  func bodiesAreDrawnPartByPart(name: String, parts: Int, left: Int) throws {
    let folder = try trained("ec/\(name)", ["population=8", "task.stepLimit=30"])
    let outcome = try Program.run(
      ["render", "run", "--out", "a.svg", "--size", "300x200"], in: folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let svg = try String(contentsOfFile: folder.at("a.svg"), encoding: .utf8)
    #expect(XMLParser(data: Data(svg.utf8)).parse())
    #expect(svg.components(separatedBy: "<line ").count - 1 == parts)
    #expect(svg.components(separatedBy: "<line stroke=\"#E69F00\"").count - 1 == left)
    // The ground moves under what walks.
    #expect(values(svg, of: "transform").count == 2 && outcome.errors.contains(" m\n"))
    #expect(svg.utf8.count < 100_000)
  }

  @Test func mistakesAreNamed() throws {
    let folder = try trained("ec/cartpole", ["task.stepLimit=20"])
    func mistake(_ arguments: [String], says texts: String...) throws {
      let outcome = try Program.run(["render"] + arguments, in: folder)
      #expect(outcome.code == 2, "\(arguments)")
      for text in texts { #expect(outcome.errors.contains(text), "\(outcome.errors)") }
      #expect(outcome.output.isEmpty)
    }
    try mistake(["nowhere"], says: "there is no such run folder")
    try mistake(["run", "--episode", "4"], says: "there is no test episode 4", "1 to 3")
    try mistake(["run", "--episode", "0"], says: "there is no test episode 0")
    try mistake(["run", "--every", "0"], says: "--every 0")
    try mistake(["run", "--size", "640"], says: "--size")
    try mistake(["run", "--size", "10x10"], says: "10x10 pixels", "640x360")
    try mistake(["run", "--out", "a.mp4"], says: "a.mp4", ".svg or .gif")
    try mistake(["run", "--out", "missing/a.svg"], says: "missing/a.svg")
    try FileManager.default.removeItem(atPath: folder.at("run/run.h5"))
    try mistake(["run"], says: "this folder has no run.h5")
    #expect(!folder.exists("a.mp4") && !folder.exists("run/figures/episode-1.svg"))
    let other = try Program.run(["train"] + Program.tiny + ["--out", "other"], in: folder)
    #expect(other.code == 0, "\(other.errors)")
    try mistake(["other"], says: "does not act in an environment", "ec/cartpole")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(Set(names).isSubset(of: ["run", "other"]), "\(names)")
  }
}
