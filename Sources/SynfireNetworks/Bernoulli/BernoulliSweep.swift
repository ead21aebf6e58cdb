import CIntrinsics
import SynfireCore

/// The sub-steps of one step of the environment, with all that they need at hand.
struct BernoulliSweep {
  private let kernel: ControlNeuronKernel<SIMD16<Float>>
  private let scale: Float
  private let places: BernoulliPlaces
  private let columns: UnsafePointer<SIMD16<UInt32>>
  private let excited: CountedHalves
  private let inhibited: CountedHalves
  private let current: UnsafeMutablePointer<Vector>
  private let potential: UnsafeMutablePointer<Vector>
  private let input: UnsafeMutablePointer<Vector>
  private let history: UnsafeMutablePointer<UInt64>

  init(_ controller: BernoulliController) {
    func vectors(_ buffer: AlignedBuffer<Float>) -> UnsafeMutablePointer<Vector> {
      UnsafeMutableRawPointer(buffer.pointer).assumingMemoryBound(to: Vector.self)
    }
    kernel = controller.kernel
    scale = controller.scales.recurrent
    places = controller.places
    columns = UnsafeRawPointer(controller.connections.pointer + places.recurrentStart)
      .assumingMemoryBound(to: SIMD16<UInt32>.self)
    excited = controller.excited
    inhibited = controller.inhibited
    current = vectors(controller.current)
    potential = vectors(controller.potential)
    input = vectors(controller.input)
    history = controller.history.pointer
  }

  /// From the spikes in the first row of the history to those in the last.
  func run(_ subSteps: Int) {
    switch (excited.count, inhibited.count) {
    case (4, 4): runFour(subSteps)
    case (1, 1): runAny(subSteps, 1, 1)
    case (let up, let down): runAny(subSteps, up, down)
    }
  }

  /// Networks of any size.
  ///
  /// - Parameters:
  ///   - up: half words of neurons that excite.
  ///   - down: half words of neurons that inhibit.
  @inline(__always)
  private func runAny(_ subSteps: Int, _ up: Int, _ down: Int) {
    let (active, opposed) = (excited.active.pointer, inhibited.active.pointer)
    let counter = AnyHalves(
      active: active, opposed: opposed, up: up, down: down, firstDown: inhibited.first)
    for subStep in 0..<subSteps {
      let before = row(subStep)
      var any: UInt32 = 0
      for half in 0..<up {
        active[half] = before[half] & excited.masks.pointer[half]
        any |= active[half]
      }
      for half in 0..<down {
        opposed[half] = before[inhibited.first &+ half] & inhibited.masks.pointer[half]
        any |= opposed[half]
      }
      advance(subStep, counter, isSilent: any == 0)
    }
  }

  /// Four half words of each sign, as 256 neurons have.
  private func runFour(_ subSteps: Int) {
    for subStep in 0..<subSteps {
      let before = row(subStep)
      let counter = EightHalves(
        FourHalves(before, excited.masks.pointer),
        FourHalves(before + inhibited.first, inhibited.masks.pointer), firstDown: inhibited.first)
      advance(subStep, counter, isSilent: counter.isSilent)
    }
  }

  /// The spikes before a sub-step, in half words.
  @inline(__always)
  private func row(_ subStep: Int) -> UnsafePointer<UInt32> {
    UnsafeRawPointer(history + subStep &* places.words).assumingMemoryBound(to: UInt32.self)
  }

  /// One sub-step.
  ///
  /// - Parameter isSilent: whether no neuron has spiked before, so that there is nothing to count.
  @inline(__always)
  private func advance(_ subStep: Int, _ counter: some ColumnCounter, isSilent: Bool) {
    let (words, halves, blocks) = (places.words, places.halves, places.blocks)
    let spikes = history + (subStep &+ 1) &* words
    for word in 0..<words {
      var fired: UInt64 = 0
      for part in 0..<min(4, blocks &- 4 &* word) {
        let block = 4 &* word &+ part
        let counted = isSilent ? .zero : counter.count(columns + block &* halves)
        let signed = unsafeBitCast(counted, to: SIMD16<Int32>.self)
        var (i, v) = (current[block], potential[block])
        let fires = kernel.step(
          current: &i, potential: &v, drive: scale * synfire_float_from_int32(signed),
          input: input[block])
        (current[block], potential[block]) = (i, v)
        fired |= UInt64(fires.bits) &<< UInt64(truncatingIfNeeded: 16 &* part)
      }
      spikes[word] = fired
    }
  }
}

/// Counts the spikes that reach sixteen neurons.
private protocol ColumnCounter {
  /// sigma W_h from the columns of sixteen neurons, half word by half word.
  func count(_ columns: UnsafePointer<SIMD16<UInt32>>) -> SIMD16<UInt32>
}

/// Any number of half words, in memory.
private struct AnyHalves: ColumnCounter {
  let active: UnsafeMutablePointer<UInt32>
  let opposed: UnsafeMutablePointer<UInt32>
  let up: Int
  let down: Int
  let firstDown: Int

  @inline(__always)
  func count(_ columns: UnsafePointer<SIMD16<UInt32>>) -> SIMD16<UInt32> {
    var (plus, minus) = (SIMD16<UInt32>.zero, SIMD16<UInt32>.zero)
    for half in 0..<up { plus &+= (columns[half] & active[half]).nonzeroBitCount }
    for half in 0..<down {
      minus &+= (columns[firstDown &+ half] & opposed[half]).nonzeroBitCount
    }
    return plus &- minus
  }
}

/// Four half words of spikes of one sign, in registers.
private struct FourHalves {
  let a, b, c, d: SIMD16<UInt32>
  let isSilent: Bool

  @inline(__always)
  init(_ spikes: UnsafePointer<UInt32>, _ masks: UnsafePointer<UInt32>) {
    let (first, second) = (spikes[0] & masks[0], spikes[1] & masks[1])
    let (third, fourth) = (spikes[2] & masks[2], spikes[3] & masks[3])
    (a, b) = (SIMD16(repeating: first), SIMD16(repeating: second))
    (c, d) = (SIMD16(repeating: third), SIMD16(repeating: fourth))
    isSilent = first | second | third | fourth == 0
  }

  @inline(__always)
  func count(_ columns: UnsafePointer<SIMD16<UInt32>>) -> SIMD16<UInt32> {
    ((columns[0] & a).nonzeroBitCount &+ (columns[1] & b).nonzeroBitCount)
      &+ ((columns[2] & c).nonzeroBitCount &+ (columns[3] & d).nonzeroBitCount)
  }
}

/// Four half words of each sign.
private struct EightHalves: ColumnCounter {
  private let up: FourHalves
  private let down: FourHalves
  private let firstDown: Int

  @inline(__always)
  init(_ up: FourHalves, _ down: FourHalves, firstDown: Int) {
    self.up = up
    self.down = down
    self.firstDown = firstDown
  }

  @inline(__always)
  var isSilent: Bool { up.isSilent && down.isSilent }

  @inline(__always)
  func count(_ columns: UnsafePointer<SIMD16<UInt32>>) -> SIMD16<UInt32> {
    up.count(columns) &- down.count(columns + firstDown)
  }
}
