import SynfireFormats

extension ColumnTable {
  /// The numbers of the last row, without those that it lacks.
  public var lastRow: [String: Double] {
    var row: [String: Double] = [:]
    for name in names {
      if let value = self[name]?.last, !value.isNaN { row[name] = value }
    }
    return row
  }
}
