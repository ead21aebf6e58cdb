import SynfireFormats
import SynfireTraining
import Testing

struct ValidationRecordTests {
  /// Whether each value was the best so far.
  private func improvements(_ record: inout ValidationRecord, _ values: [Double]) -> [Bool] {
    var found: [Bool] = []
    for (index, value) in values.enumerated() {
      found.append(record.add(value, batch: index + 1))
    }
    return found
  }

  @Test func accuracyIsToGrowAndErrorToShrink() {
    var accuracy = ValidationRecord(metric: "accuracy")
    let grown = improvements(&accuracy, [0.5, 0.4, 0.6])
    #expect(grown == [true, false, true])
    #expect(accuracy.best == 0.6 && accuracy.batch == 3 && accuracy.validationsSince == 0)
    var error = ValidationRecord(metric: "meanSquaredError")
    let shrunk = improvements(&error, [0.5, 0.4, 0.6])
    #expect(shrunk == [true, true, false])
    #expect(error.validationsSince == 1)
  }

  @Test func aChangeMustBeLargeEnough() {
    var record = ValidationRecord(metric: "loss", minimumImprovement: 0.1)
    let found = improvements(&record, [1, 0.95, 0.85])
    #expect(found == [true, false, true])
  }

  @Test func aTableIsReplayed() throws {
    let table = try ColumnTable([
      ("batch", [10, 20, 30, 40]), ("accuracy", [0.1, 0.8, 0.7, 0.75]),
    ])
    let record = ValidationRecord(metric: "accuracy", of: table)
    #expect(record.best == 0.8 && record.batch == 20 && record.validationsSince == 2)
  }
}
