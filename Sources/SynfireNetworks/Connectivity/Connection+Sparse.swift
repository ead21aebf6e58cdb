extension Connection {
  /// Its sparse connectivity, behind delays or not; nil for another kind.
  public var sparse: Sparse? {
    if let delays = connectivity as? Delays { return delays.base as? Sparse }
    return connectivity as? Sparse
  }
}
