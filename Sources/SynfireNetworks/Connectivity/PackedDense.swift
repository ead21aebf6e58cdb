import CIntrinsics
import SynfireCore

/// A full weight matrix for the fast engine.
///
/// Spikes add rows of the transposed matrix; the adjoint is a product with packed weights; gradients
/// are gathered neuron by neuron from bits turned so that 64 steps of a neuron are one word.
final class PackedDense: PackedConnectivity {
  let presynaptic: Int
  let postsynaptic: Int
  /// Floats in a postsynaptic and in a presynaptic row.
  let rowLength: Int
  let presynapticLength: Int
  /// Floats between postsynaptic rows, of weights and of their gradient.
  let rowStride: Int
  /// [presynaptic, postsynaptic padded], `rowStride` apart: a row is what one spike adds.
  let rows: AlignedBuffer<Float>
  /// For adjoints: packed, or plain rows [postsynaptic, presynaptic padded] when there are few.
  let adjointWeights: AdjointWeights

  enum AdjointWeights: Sendable {
    case packed(PackedMatrix)
    case rounded(any PairedMatrix)
    case rows(AlignedBuffer<Float>)
  }

  /// Whether the diagonal has no gradient.
  private let excludesAutapses: Bool

  /// Without the memory of the weights.
  var gradientLayout: DenseGradientLayout {
    DenseGradientLayout(
      presynaptic: presynaptic, postsynaptic: postsynaptic, rowStride: rowStride,
      excludesAutapses: excludesAutapses)
  }

  init(
    weights: Tensor<Float>, spiking: Bool, excludesAutapses: Bool = false,
    adjointPrecision: AdjointPrecision = .single
  ) {
    self.excludesAutapses = excludesAutapses
    postsynaptic = weights.shape[0]
    presynaptic = weights.shape[1]
    rowLength = paddedToLanes(postsynaptic)
    presynapticLength = paddedToLanes(presynaptic)
    rowStride = spreadStride(rowLength)
    let rows = AlignedBuffer<Float>(count: presynaptic * rowStride + 128)
    weights.values.withUnsafeBufferPointer { source in
      Transposition.copy(
        source.baseAddress!, rows: weights.shape[0], columns: weights.shape[1],
        into: rows.pointer, stride: spreadStride(paddedToLanes(weights.shape[0])))
    }
    self.rows = rows
    adjointWeights = Self.adjointWeights(weights, adjointPrecision)
  }

  func withoutPropagation() -> any PackedConnectivity { PackedDense(withoutRowsOf: self) }

  private init(withoutRowsOf other: PackedDense) {
    excludesAutapses = other.excludesAutapses
    (presynaptic, postsynaptic) = (other.presynaptic, other.postsynaptic)
    (rowLength, presynapticLength) = (other.rowLength, other.presynapticLength)
    rowStride = other.rowStride
    rows = AlignedBuffer(count: 0)
    adjointWeights = other.adjointWeights
  }

  private static func adjointWeights(
    _ weights: Tensor<Float>, _ precision: AdjointPrecision
  ) -> AdjointWeights {
    let (postsynaptic, presynaptic) = (weights.shape[0], weights.shape[1])
    return weights.values.withUnsafeBufferPointer { source in
      guard postsynaptic <= 16 else {
        // As wide as the rows that the product is added to, so that no panel is incomplete.
        let columns = paddedToLanes(presynaptic)
        if let type = precision.matrix, postsynaptic >= 128 {
          return .rounded(
            type.init(
              source.baseAddress!, rows: postsynaptic, stride: presynaptic, columns: columns,
              given: presynaptic))
        }
        var matrix = PackedMatrix(rows: postsynaptic, columns: columns)
        matrix.pack(
          source.baseAddress!, rowStride: presynaptic, columnStride: 1, columns: presynaptic)
        return .packed(matrix)
      }
      let length = paddedToLanes(presynaptic)
      let rows = AlignedBuffer<Float>(count: postsynaptic * length + 128)
      for neuron in 0..<postsynaptic {
        (rows.pointer + neuron * length).update(
          from: source.baseAddress! + neuron * presynaptic, count: presynaptic)
      }
      return .rows(rows)
    }
  }

  func makeWorkspace(trials: Int) -> ConnectivityWorkspace {
    ConnectivityWorkspace(
      gradient: presynaptic * rowStride, offsets: max(64, 2 * presynapticLength),
      scratch: sequenceScratch,
      words: max(sequenceWords(trials: trials), turnedWords(trials: trials)))
  }

  func propagate(
    _ activity: BlockActivity, time: Int, trials: Int, into drive: UnsafeMutablePointer<Float>,
    _ workspace: ConnectivityWorkspace
  ) {
    switch activity {
    case .spikes:
      propagate(
        activity, times: time..<time + 1, trials: trials, into: drive,
        stepStride: trials * rowLength, workspace)
    case .analog(let values, let timeStride, let trialStride):
      for trial in 0..<trials {
        RowKernels.addScaled(
          rows.pointer, stride: rowStride,
          scales: values + time * timeStride + trial * trialStride, count: presynaptic,
          into: drive + trial * rowLength, vectors: rowLength / 16)
      }
    }
  }

  /// Goes through the steps tile by tile of columns, so that rows of many neurons are read from afar once.
  func propagate(
    _ activity: BlockActivity, times: Range<Int>, trials: Int,
    into drive: UnsafeMutablePointer<Float>, stepStride: Int, _ workspace: ConnectivityWorkspace
  ) {
    guard case .spikes(let words, let timeStride, let trialStride) = activity else {
      return propagateStepByStep(
        activity, times: times, trials: trials, into: drive, stepStride: stepStride, workspace)
    }
    // Trials that there are not have empty lists.
    let lists = times.count * (stepStride / rowLength)
    var total = 0
    for time in times {
      for trial in 0..<trials {
        let row = words + time * timeStride + trial * trialStride
        for word in 0..<wordCount { total &+= row[word].nonzeroBitCount }
      }
    }
    let ends = workspace.list(count: lists + total + 16)
    let offsets = ends + lists
    var (found, list) = (0, 0)
    for time in times {
      for trial in 0..<stepStride / rowLength {
        if trial < trials {
          found &+= RowKernels.offsets(
            ofSetBits: words + time * timeStride + trial * trialStride, count: wordCount,
            stride: rowStride, into: offsets + found)
        }
        ends[list] = Int32(truncatingIfNeeded: found)
        list &+= 1
      }
    }
    RowKernels.add(
      rows.pointer, offsets, ends: ends, lists: lists, into: drive, stride: rowLength,
      vectors: rowLength / 16)
  }

  func backpropagate(
    _ adjoint: AdjointRing, time: Int, trials: Int,
    into presynapticAdjoint: UnsafeMutablePointer<Float>, stride: Int,
    _ workspace: ConnectivityWorkspace
  ) {
    switch adjointWeights {
    case .packed(let matrix):
      matrix.multiply(
        adjoint.row(time, 0), rows: trials, stride: adjoint.trialStride,
        into: presynapticAdjoint, stride: stride, accumulate: true)
    case .rounded(let matrix):
      multiply(
        adjoint, time: time, trials: trials, matrix, into: presynapticAdjoint, stride: stride,
        workspace)
    case .rows(let rows):
      for trial in 0..<trials {
        RowKernels.addScaled(
          rows.pointer, stride: presynapticLength, scales: adjoint.row(time, trial),
          count: postsynaptic, into: presynapticAdjoint + trial * stride,
          vectors: presynapticLength / 16)
      }
    }
  }

  private func multiply<Matrix: PairedMatrix>(
    _ adjoint: AdjointRing, time: Int, trials: Int, _ matrix: Matrix,
    into presynapticAdjoint: UnsafeMutablePointer<Float>, stride: Int,
    _ workspace: ConnectivityWorkspace
  ) {
    let laneStride = paddedToLanes(rowLength / 2)
    let memory = UnsafeMutableRawPointer(workspace.list(count: trials * (laneStride + 1)))
    let lanes = memory.assumingMemoryBound(to: UInt32.self)
    let scales = (memory + 4 * trials * laneStride).assumingMemoryBound(to: Float.self)
    for trial in 0..<trials {
      scales[trial] = Matrix.round(
        adjoint.row(time, trial), count: postsynaptic, into: lanes + trial * laneStride)
    }
    matrix.multiply(
      lanes, scales: scales, rows: trials, stride: laneStride, into: presynapticAdjoint,
      stride: stride, accumulate: true)
  }

  func gradient(_ sum: AlignedBuffer<Float>) -> NamedTensors<Float> { gradientReader(sum) }

  var gradientReader: Reader {
    let layout = gradientLayout
    return { NamedTensors([("weights", layout.gradient($0.pointer))]) }
  }
}

/// How sums of gradients of a full matrix lie: [presynaptic, postsynaptic padded], rows `rowStride` apart.
struct DenseGradientLayout: Sendable {
  let presynaptic: Int
  let postsynaptic: Int
  let rowStride: Int
  let excludesAutapses: Bool

  /// The gradient [postsynaptic, presynaptic].
  func gradient(_ sum: UnsafePointer<Float>) -> Tensor<Float> {
    let count = postsynaptic * presynaptic
    let values = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      Transposition.copy(
        sum, rows: presynaptic, columns: postsynaptic, sourceStride: rowStride,
        into: buffer.baseAddress!, stride: presynaptic)
      initialized = count
      guard excludesAutapses else { return }
      for neuron in 0..<min(postsynaptic, presynaptic) {
        buffer[neuron * presynaptic + neuron] = 0
      }
    }
    return Tensor(
      axes: ["neuron", "presynaptic"], shape: [postsynaptic, presynaptic], values: values)
  }
}

/// Copies of matrices with rows and columns exchanged.
enum Transposition {
  /// destination[column, row] = source[row, column], in tiles that stay in registers.
  static func copy(
    _ source: UnsafePointer<Float>, rows: Int, columns: Int, sourceStride: Int? = nil,
    into destination: UnsafeMutablePointer<Float>, stride: Int
  ) {
    let sourceStride = sourceStride ?? columns
    for rowTile in Swift.stride(from: 0, to: rows, by: 16) {
      for columnTile in Swift.stride(from: 0, to: columns, by: 16) {
        if rowTile + 16 <= rows, columnTile + 16 <= columns {
          synfire_transpose16(
            source + rowTile * sourceStride + columnTile, sourceStride,
            destination + columnTile * stride + rowTile, stride)
          continue
        }
        for row in rowTile..<min(rowTile + 16, rows) {
          for column in columnTile..<min(columnTile + 16, columns) {
            destination[column * stride + row] = source[row * sourceStride + column]
          }
        }
      }
    }
  }
}
