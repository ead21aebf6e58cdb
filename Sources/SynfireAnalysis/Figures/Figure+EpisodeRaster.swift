import Foundation
import SynfireCore

extension Figure {
  /// A part of an episode of a spiking network that acts.
  public struct ActingPart: Sendable {
    /// At the beginning and after each step.
    public var poses: [BodyPose]
    /// Of every sub-step of the network, axes [time, 1, neuron].
    public var spikes: SpikeTensor
    /// How many neurons, the first ones, only excite, the others only inhibiting; nil where each may do both.
    public var excitatoryNeurons: Int?
    /// Of each step [step][value].
    public var actions: [[Double]]
    /// Of each step.
    public var rewards: [Double]

    public init(
      poses: [BodyPose], spikes: SpikeTensor, excitatoryNeurons: Int?, actions: [[Double]],
      rewards: [Double]
    ) {
      self.poses = poses
      self.spikes = spikes
      self.excitatoryNeurons = excitatoryNeurons
      self.actions = actions
      self.rewards = rewards
    }
  }

  /// What a body does, the spikes of its network, what the network says and what it is paid, one above the other.
  ///
  /// Spikes are counted in short bins, and rates are per second of the network's own time, which is another than
  /// that of the body.
  ///
  /// - Parameter networkTimeStep: of a sub-step, in seconds of the network's time.
  /// - Throws: `AnalysisError` if sizes differ.
  public static func episodeRaster(
    _ part: ActingPart, networkTimeStep: Double, style: FigureStyle = .standard
  ) throws -> Figure {
    let steps = part.rewards.count
    guard steps > 0, part.poses.count == steps + 1, part.actions.count == steps,
      part.spikes.trials == 1, part.spikes.steps > 0, part.spikes.steps % steps == 0
    else {
      throw AnalysisError(
        "\(part.spikes.steps) sub-steps and \(part.poses.count) poses of \(steps) steps",
        place: "episode raster", remedy: "Give all series of one recording.")
    }
    let (start, end) = (part.poses[0].time, part.poses[steps].time)
    let width = 640.0
    var panels: [Panel] = []
    var heights: [Double] = []
    func add(_ height: Double, _ y: Axis, _ series: [Series]) {
      panels.append(
        Panel(
          x: Axis("", from: start, to: end, ticks: []), y: y, series: series, legend: .above,
          row: panels.count))
      heights.append(height)
    }
    let strip = PoseStrip(of: part.poses[...], fromEnds: false, style)
    // Meters are as long upward as across.
    let stripHeight = min(
      130,
      (width - Spacing.left - Spacing.right) / Double(strip.poses.count) / strip.slot
        * strip.extent.height)
    let perMeter =
      stripHeight / strip.extent.height * (end - start)
      / (width - Spacing.left - Spacing.right)
    add(
      stripHeight + Spacing.top + Spacing.bottomWithoutTicks,
      Axis("Height", unit: "m", from: strip.extent.bottom, to: strip.extent.top),
      strip.series(
        center: { strip.poses[$0].time }, scale: perMeter))
    let populations = part.populations(style)
    add(
      min(300, max(90, Double(part.spikes.neurons))) + 40,
      Axis("Neuron", from: 0.5, to: Double(part.spikes.neurons) + 0.5, ticks: part.neuronTicks),
      populations.flatMap { population in
        [
          .image(
            part.counts(of: population.neurons), x: start...end,
            y: Double(population.neurons.lowerBound) + 0.5...Double(population.neurons.upperBound)
              + 0.5, largest: 1, color: population.color),
          .legendEntry(population.name, color: population.color),
        ]
      })
    let middles = (0..<steps).map { start + (end - start) * (Double($0) + 0.5) / Double(steps) }
    add(
      95, Axis("Rate", unit: "Hz", from: 0),
      populations.map { population in
        Series(
          .line, "", x: middles, y: part.rates(of: population.neurons, networkTimeStep),
          color: population.color, weight: 0.7)
      })
    // What holds for a step is drawn as one.
    let edges = part.poses.map(\.time).flatMap { [$0, $0] }.dropFirst().dropLast()
    func held(_ values: [Double]) -> [Double] { values.flatMap { [$0, $0] } }
    let values = part.actions[0].count
    add(
      95, Axis("Action"),
      (0..<values).map { value in
        Series(
          .line, values > 1 ? "\(value + 1)" : "", x: Array(edges),
          y: held(part.actions.map { $0[value] }), color: style.sequence(values)[value], weight: 0.7
        )
      })
    add(
      85, Axis("Reward"),
      [Series(.line, x: Array(edges), y: held(part.rewards), color: style.ink, weight: 0.7)])
    panels[panels.count - 1].x = Axis("Time", unit: "s", from: start, to: end)
    heights[heights.count - 1] += Spacing.bottom - Spacing.bottomWithoutTicks
    return Figure(
      panels: panels, rowHeights: heights, width: width, height: heights.reduce(0, +), style: style)
  }
}

extension Figure.ActingPart {
  /// Columns of the image of spikes.
  private static let columns = 560

  /// Sub-steps that are counted together.
  private var window: Int { (spikes.steps + Self.columns - 1) / Self.columns }

  fileprivate struct Kind {
    var name: String
    var neurons: Range<Int>
    var color: String
  }

  fileprivate func populations(_ style: FigureStyle) -> [Kind] {
    let count = spikes.neurons
    guard let excitatory = excitatoryNeurons else {
      return [Kind(name: "", neurons: 0..<count, color: style.ink)]
    }
    return [
      Kind(name: "excitatory", neurons: 0..<excitatory, color: style.color(0)),
      Kind(name: "inhibitory", neurons: excitatory..<count, color: style.color(1)),
    ].filter { !$0.neurons.isEmpty }
  }

  fileprivate var neuronTicks: [Figure.Tick] {
    let ends = [1, excitatoryNeurons ?? 1, spikes.neurons]
    return Set(ends).filter { $0 > 0 }.sorted().map { Figure.Tick(Double($0), "\($0)") }
  }

  /// Spikes of neurons in bins [bin][neuron].
  fileprivate func counts(of neurons: Range<Int>) -> [[Double]] {
    stride(from: 0, to: spikes.steps, by: window).map { first in
      var counts = [Double](repeating: 0, count: neurons.count)
      for step in first..<min(spikes.steps, first + window) {
        spikes.forEachSpike(step: step, trial: 0) { neuron in
          if neurons.contains(neuron) { counts[neuron - neurons.lowerBound] += 1 }
        }
      }
      return counts
    }
  }

  /// Spikes a second of the network's time, the mean over neurons in each step.
  fileprivate func rates(of neurons: Range<Int>, _ networkTimeStep: Double) -> [Double] {
    let subSteps = spikes.steps / rewards.count
    return rewards.indices.map { step in
      var count = 0
      for subStep in step * subSteps..<(step + 1) * subSteps {
        spikes.forEachSpike(step: subStep, trial: 0) { if neurons.contains($0) { count += 1 } }
      }
      return Double(count) / (Double(neurons.count * subSteps) * networkTimeStep)
    }
  }
}
