import SynfireTraining
import Testing

@Suite struct ExperimentQuantityTests {
  @Test(arguments: [
    ("20 ms", Dimension.time, 0.02), ("20ms", .time, 0.02), ("1.5 s", .time, 1.5),
    ("250 us", .time, 250e-6), ("250 µs", .time, 250e-6), ("1e1 ms", .time, 0.01),
    ("0.1 ms", .time, 1e-4), ("10 Hz", .frequency, 10), ("0.5 kHz", .frequency, 500),
    ("3 KiB", .size, 3072), ("1 MiB", .size, 1_048_576), ("2 GiB", .size, 2_147_483_648),
    ("5 MB", .size, 5_000_000), ("2 GB", .size, 2_000_000_000), ("10 %", .fraction, 0.1),
    ("0.3", .fraction, 0.3), ("-3 ms", .time, -0.003),
  ])
  func unitsAreApplied(_ text: String, _ dimension: Dimension, _ value: Double) throws {
    #expect(try Quantity(text, as: dimension).value == value)
  }

  @Test(arguments: [
    ("20", Dimension.time, Quantity.Failure.missingUnit), ("10", .frequency, .missingUnit),
    ("1024", .size, .missingUnit), ("20 Hz", .time, .unitOf(.frequency, unit: "Hz")),
    ("20 ms", .fraction, .unitOf(.time, unit: "ms")), ("20 MS", .time, .unknownUnit("MS")),
    ("20 m s", .time, .unknownUnit("m s")), ("ms", .time, .notANumber), ("", .time, .notANumber),
    ("nan ms", .time, .notANumber), ("inf s", .time, .notANumber),
    ("0x10 s", .time, .unknownUnit("x10 s")),
    ("1e999 s", .time, .tooLarge), ("1e99999 s", .time, .notANumber),
  ])
  func whatIsNoQuantityFails(
    _ text: String, _ dimension: Dimension, _ failure: Quantity.Failure
  ) throws {
    #expect(throws: failure) { try Quantity(text, as: dimension) }
  }

  @Test func scalesFollowTheSizes() {
    let scale = InitialScale(2, .inverseRoot(.neurons))
    #expect(scale.value([.neurons: 100]) == 0.2)
    #expect(scale.value([.neurons: 400]) == 0.1)
    #expect(scale.value([.modes: 3]) == nil)
    #expect(InitialScale(1, .inverse(.modes)).value([.modes: 4]) == 0.25)
    #expect(InitialScale(0.5).value([:]) == 0.5)
  }
}
