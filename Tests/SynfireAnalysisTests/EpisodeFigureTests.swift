import Foundation
import SynfireAnalysis
import SynfireCore
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Pictures of episodes: still ones by gnuplot, moving ones.
@Suite struct EpisodeFigureTests {
  /// A ball and a left leg that go forward and up and down, at 50 poses a second.
  static func walk(steps: Int, isTraveling: Bool = true) -> [BodyPose] {
    (0...steps).map { step in
      let time = Double(step) / 50
      let x = isTraveling ? 1.5 * time : 0
      let hip = SIMD2(x, 1 + 0.2 * sin(6 * time))
      return BodyPose(
        time: time, total: 2 * time, position: isTraveling ? x : nil,
        parts: [
          BodySegment(name: "ball", start: hip, end: hip, radius: 0.2),
          BodySegment(
            name: "leg_left_geom", start: hip, end: SIMD2(x + 0.3 * sin(4 * time), 0.1),
            radius: 0.05),
        ])
    }
  }

  private func drawn(_ figure: Figure, named name: String) throws -> (svg: String, table: String) {
    let kept = ProcessInfo.processInfo.environment["SYNFIRE_FIGURES"]
    let folder =
      kept.map { URL(fileURLWithPath: $0) }
      ?? FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { if kept == nil { try? FileManager.default.removeItem(at: folder) } }
    let files = try figure.render(named: name, in: folder)
    let svg = try String(contentsOf: files.svg, encoding: .utf8)
    #expect(XMLParser(data: Data(svg.utf8)).parse(), "the SVG is not well-formed")
    return (svg, try String(contentsOf: files.table, encoding: .utf8))
  }

  /// Bounding boxes of all filled outlines: widths and heights in points.
  private func boxes(_ svg: String) -> [(width: Double, height: Double)] {
    svg.matches(of: /<polygon [^>]*points = '([^']+)'/).map { match in
      let numbers = match.1.split { ", \n".contains($0) }.compactMap { Double($0) }
      let x = stride(from: 0, to: numbers.count, by: 2).map { numbers[$0] }
      let y = stride(from: 1, to: numbers.count, by: 2).map { numbers[$0] }
      return (x.max()! - x.min()!, y.max()! - y.min()!)
    }
  }

  @Test(
    .enabled(if: Gnuplot.isInstalled, "gnuplot is not installed"),
    arguments: [(100, true, 32), (100, false, 32), (60, true, 16), (30, true, 16), (1, true, 4)])
  func stripsShowTheBodyAsItIs(steps: Int, isTraveling: Bool, outlines: Int) throws {
    let (svg, table) = try drawn(
      .episode(Self.walk(steps: steps, isTraveling: isTraveling)),
      named: "episode-\(steps)-\(isTraveling)")
    // An episode of about a second has one strip; of more, eight poses of two parts are in each of two.
    let boxes = boxes(svg)
    #expect(boxes.count == outlines)
    let round = boxes.filter { abs($0.width - $0.height) < 0.03 * $0.width }
    #expect(round.count >= outlines / 2, "balls are not round: \(boxes)")
    #expect(table.contains(isTraveling ? "Distance (m)" : "Return so far"))
    #expect(!svg.contains("crispEdges"))
  }

  private func part(steps: Int, excitatory: Int?) -> Figure.ActingPart {
    var spikes = SpikeTensor(steps: 3 * steps, trials: 1, neurons: 70)
    for step in 0..<spikes.steps {
      for neuron in 0..<70 where (step * 7 + neuron * 13) % 31 == 0 {
        spikes[step, 0, neuron] = true
      }
    }
    return Figure.ActingPart(
      poses: Self.walk(steps: steps), spikes: spikes, excitatoryNeurons: excitatory,
      actions: (0..<steps).map { [sin(Double($0)), 0.5] }, rewards: (0..<steps).map { Double($0) })
  }

  @Test(
    .enabled(if: Gnuplot.isInstalled, "gnuplot is not installed"),
    arguments: [(40, 40), (40, nil), (40, 69), (500, 40), (1, 40)] as [(Int, Int?)])
  func rastersShowEverySpike(steps: Int, excitatory: Int?) throws {
    let part = part(steps: steps, excitatory: excitatory)
    let (svg, table) = try drawn(
      .episodeRaster(part, networkTimeStep: 0.001), named: "raster-\(steps)-\(excitatory ?? 0)")
    let populations = excitatory == nil ? 1 : 2
    #expect(
      svg.components(separatedBy: "<image image-rendering='optimizeSpeed'").count == populations
        + 1)
    #expect(svg.contains("excitatory") == (excitatory != nil))
    #expect(svg.utf8.count < 200_000)
    // Blocks of the images: time, neuron, whether it spikes.
    var lit = 0.0
    for block in table.components(separatedBy: "\n\n\n") where block.contains("\tvalue") {
      for line in block.split(separator: "\n") where !line.hasPrefix("#") {
        lit += Double(line.split(separator: "\t")[2])!
      }
    }
    // A single row is drawn as two; long parts have several sub-steps in a bin, in which a neuron spikes once.
    let twice = excitatory == 69 ? (0..<120).count { part.spikes[$0, 0, 69] } : 0
    #expect(lit == Double(part.spikes.count + twice))
  }

  @Test func partsThatDoNotFitAreRefused() {
    var broken = part(steps: 10, excitatory: 5)
    broken.rewards.removeLast()
    #expect(throws: AnalysisError.self) { try Figure.episodeRaster(broken, networkTimeStep: 0.001) }
    #expect(throws: AnalysisError.self) { try Figure.episode([]) }
    var poses = Self.walk(steps: 3)
    poses[1].parts[0].start.x = .nan
    #expect(throws: AnalysisError.self) { try Figure.episode(poses) }
    #expect(throws: AnalysisError.self) {
      try Figure.distributions([("a", [[1, 2]])], generations: 1...2)
    }
  }

  @Test(.enabled(if: Gnuplot.isInstalled, "gnuplot is not installed"), arguments: [1, 20, 320])
  func distributionsAreShades(generations: Int) throws {
    // All in the middle at first, then half of them at each end.
    let counts = (0..<generations).map { generation -> [Double] in
      generation == 0 ? [0, 1000, 0, 0] : [499, 1, 0, 500]
    }
    let (svg, table) = try drawn(
      .distributions([("Inputs", counts), ("Readout", counts)], generations: 1...generations),
      named: "distributions-\(generations)")
    #expect(svg.components(separatedBy: "<image ").count == 4)
    let rows = table.components(separatedBy: "\n\n\n")[0].split(separator: "\n")
      .filter { !$0.hasPrefix("#") }.map { $0.split(separator: "\t").compactMap { Double($0) } }
    // Of more than 150, three in a column; one is drawn as two.
    #expect(rows.count == 4 * [1: 2, 20: 20, 320: 107][generations]!)
    let last = rows.filter { $0[0] == rows.map { $0[0] }.max() }.map { $0[2] }
    let expected = generations == 1 ? [0, 4, 0, 0] : [4 + log10(0.499), 1, 0, 4 + log10(0.5)]
    for (found, wanted) in zip(last, expected) { #expect(abs(found - wanted) < 1e-9) }
  }

  @Test func animationsFollowTheBody() throws {
    let animation = try EpisodeAnimation(
      Self.walk(steps: 100), frameDuration: 0.02, title: "a < b", width: 400, height: 300)
    let svg = animation.svg
    #expect(XMLParser(data: Data(svg.utf8)).parse())
    #expect(svg.contains("a &lt; b") && svg.contains("dur=\"3.02s\""))
    // 101 poses and a second of the last.
    let paths = svg.matches(of: /attributeName="(\w+)"[^>]*values="([^"]+)"/).map { match in
      (String(match.1), match.2.split(separator: ";").map(String.init))
    }
    #expect(!paths.isEmpty && paths.allSatisfy { $0.1.count == 151 })
    // The ball stays in the middle, and the ground goes by: 3 m.
    #expect(!paths.contains { $0.0 == "x1" })
    #expect(svg.contains("x1=\"200\"") && svg.contains("x2=\"200\""))
    let ground = try #require(paths.first { $0.0 == "transform" }).1
      .compactMap { Double($0.split(separator: " ")[0]) }
    let scale = (ground[0] - ground[150]) / 3
    let ball = try #require(svg.firstMatch(of: /stroke-width="([0-9.]+)"[^>]*x1="200"/))
    let thickness = try #require(
      svg.matches(of: /stroke-width="([0-9.]+)"/).compactMap { Double($0.1) }.max())
    #expect(abs(thickness - 0.4 * scale) < 0.1 && !ball.0.isEmpty)
    #expect(svg.contains("2.00 s\u{2003}return 4.0\u{2003}3.00 m"))
  }

  @Test func animationsThatCannotBeAreRefused() {
    let walk = Self.walk(steps: 3)
    func refused(_ poses: [BodyPose], width: Int = 300) {
      #expect(throws: AnalysisError.self) {
        try EpisodeAnimation(poses, frameDuration: 0.02, title: "", width: width)
      }
    }
    refused([])
    refused(walk, width: 99)
    var other = walk
    other[2].parts.removeLast()
    refused(other)
    other = walk
    other[2].parts[1].end.y = .infinity
    refused(other)
  }
}
