import SynfireCore

/// A packed connectivity in the place of another that has the same weights: at the end of an update the
/// chain rule turns the gradient of its tensors into that of the tensors in use.
final class DerivedConnectivity: PackedConnectivity {
  private let base: any PackedConnectivity
  private let chainRule: @Sendable (NamedTensors<Float>) -> NamedTensors<Float>

  /// - Parameter chainRule: the gradient of the tensors from that of the tensors of the base.
  init(
    _ base: any PackedConnectivity,
    chainRule: @escaping @Sendable (NamedTensors<Float>) -> NamedTensors<Float>
  ) {
    self.base = base
    self.chainRule = chainRule
  }

  /// Connectivity by the matrix [postsynaptic, presynaptic] that tensors stand for.
  convenience init(
    weights: Tensor<Float>,
    chainRule: @escaping @Sendable (Tensor<Float>) -> NamedTensors<Float>
  ) {
    self.init(PackedDense(weights: weights, spiking: true)) { chainRule($0["weights"]!) }
  }

  func makeWorkspace(trials: Int) -> ConnectivityWorkspace { base.makeWorkspace(trials: trials) }

  func propagate(
    _ activity: BlockActivity, time: Int, trials: Int, into drive: UnsafeMutablePointer<Float>,
    _ workspace: ConnectivityWorkspace
  ) {
    base.propagate(activity, time: time, trials: trials, into: drive, workspace)
  }

  func propagate(
    _ activity: BlockActivity, times: Range<Int>, trials: Int,
    into drive: UnsafeMutablePointer<Float>, stepStride: Int, _ workspace: ConnectivityWorkspace
  ) {
    base.propagate(
      activity, times: times, trials: trials, into: drive, stepStride: stepStride, workspace)
  }

  func propagate(
    _ activity: BlockActivity, times: Range<Int>, trials: Int, into drives: AdjointRing,
    _ workspace: ConnectivityWorkspace
  ) -> Bool {
    base.propagate(activity, times: times, trials: trials, into: drives, workspace)
  }

  func receive(_ adjoint: AdjointRing, time: Int, trials: Int, _ workspace: ConnectivityWorkspace) {
    base.receive(adjoint, time: time, trials: trials, workspace)
  }

  func backpropagate(
    _ adjoint: AdjointRing, time: Int, trials: Int,
    into presynaptic: UnsafeMutablePointer<Float>, stride: Int,
    _ workspace: ConnectivityWorkspace
  ) {
    base.backpropagate(
      adjoint, time: time, trials: trials, into: presynaptic, stride: stride, workspace)
  }

  func accumulate(
    _ activity: BlockActivity, times: Range<Int>, trials: Int, _ adjoint: AdjointRing,
    _ workspace: ConnectivityWorkspace
  ) {
    base.accumulate(activity, times: times, trials: trials, adjoint, workspace)
  }

  func gradient(_ sum: AlignedBuffer<Float>) -> NamedTensors<Float> { gradientReader(sum) }

  var gradientReader: Reader {
    let (ofBase, chainRule) = (base.gradientReader, chainRule)
    return { chainRule(ofBase($0)) }
  }
}
