import CIntrinsics

/// Runs `body` with denormal numbers flushed to zero on this thread; its own mode is restored after.
public func withoutDenormals<Result>(_ body: () throws -> Result) rethrows -> Result {
  let control = synfire_float_control()
  synfire_flush_denormals()
  defer { synfire_set_float_control(control) }
  return try body()
}
