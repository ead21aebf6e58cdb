// The functions of the C library, for whoever uses the engine: what it needs of mathematics, threads and pages. It
// takes nothing else from Foundation, which would be several megabytes of memory in every program.
#if canImport(Darwin)
  @_exported import Darwin
#elseif canImport(Musl)
  @_exported import Musl
#else
  @_exported import Glibc
#endif
