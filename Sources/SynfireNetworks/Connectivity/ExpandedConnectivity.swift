import SynfireCore

/// Connectivity by the matrix that its tensors stand for, with the chain rule at the end of an update.
final class ExpandedConnectivity: PackedConnectivity {
  private let dense: PackedDense
  private let chainRule: @Sendable (Tensor<Float>) -> NamedTensors<Float>

  /// - Parameter chainRule: the gradient of the tensors from that of the weights [postsynaptic,
  ///   presynaptic].
  init(
    weights: Tensor<Float>,
    chainRule: @escaping @Sendable (Tensor<Float>) -> NamedTensors<Float>
  ) {
    dense = PackedDense(weights: weights, spiking: true)
    self.chainRule = chainRule
  }

  func makeWorkspace(trials: Int) -> ConnectivityWorkspace { dense.makeWorkspace(trials: trials) }

  func propagate(
    _ activity: BlockActivity, time: Int, trials: Int, into drive: UnsafeMutablePointer<Float>,
    _ workspace: ConnectivityWorkspace
  ) {
    dense.propagate(activity, time: time, trials: trials, into: drive, workspace)
  }

  func propagate(
    _ activity: BlockActivity, times: Range<Int>, trials: Int, into drives: AdjointRing,
    _ workspace: ConnectivityWorkspace
  ) -> Bool {
    dense.propagate(activity, times: times, trials: trials, into: drives, workspace)
  }

  func backpropagate(
    _ adjoint: AdjointRing, time: Int, trials: Int,
    into presynaptic: UnsafeMutablePointer<Float>, stride: Int,
    _ workspace: ConnectivityWorkspace
  ) {
    dense.backpropagate(
      adjoint, time: time, trials: trials, into: presynaptic, stride: stride, workspace)
  }

  func accumulate(
    _ activity: BlockActivity, times: Range<Int>, trials: Int, _ adjoint: AdjointRing,
    _ workspace: ConnectivityWorkspace
  ) {
    dense.accumulate(activity, times: times, trials: trials, adjoint, workspace)
  }

  func gradient(_ sum: AlignedBuffer<Float>) -> NamedTensors<Float> {
    chainRule(dense.weightGradient(sum.pointer))
  }
}
