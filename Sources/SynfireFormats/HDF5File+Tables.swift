import SynfireCore

/// Columns of numbers of equal length, by name, in a fixed order: the metrics of a run.
public struct ColumnTable: Sendable, Equatable {
  public private(set) var names: [String] = []
  private var columns: [String: [Double]] = [:]

  /// The number of rows.
  public private(set) var rows = 0

  public init() {}

  /// Creates a table from columns.
  ///
  /// - Throws: `FormatsError` when they are not of equal length.
  public init(_ columns: [(String, [Double])]) throws {
    rows = columns.first?.1.count ?? 0
    for (name, values) in columns {
      guard values.count == rows else {
        throw FormatsError(
          "column \(name) has \(values.count) rows, the first has \(rows)",
          remedy: "Give all columns of a table the same length.")
      }
      if self.columns[name] == nil { names.append(name) }
      self.columns[name] = values
    }
  }

  /// The column of that name.
  public subscript(name: String) -> [Double]? { columns[name] }

  /// Adds a row. A column that `values` lacks gets NaN; a new column has NaN in all rows before.
  public mutating func append(_ values: [String: Double]) {
    for name in values.keys.sorted() where columns[name] == nil {
      names.append(name)
      columns[name] = Array(repeating: .nan, count: rows)
    }
    for name in names { columns[name]!.append(values[name] ?? .nan) }
    rows += 1
  }

  /// Drops all rows from the given one on, as a resumed run does with those after its checkpoint.
  public mutating func truncate(to rows: Int) {
    guard rows < self.rows else { return }
    for name in names { columns[name]!.removeLast(self.rows - max(0, rows)) }
    self.rows = max(0, rows)
  }
}

extension HDF5File {
  /// Writes a table as a group with a dataset of 64-bit floats for each column; the attribute
  /// `columns` keeps their order. In pandas: `DataFrame({k: v[:] for k, v in file[name].items()})`.
  public func write(_ table: ColumnTable, to name: String) throws {
    try createGroup(name)
    try setAttribute("columns", table.names, of: name)
    for column in table.names {
      let values = table[column]!
      try write(
        Tensor<Double>(axes: ["row"], shape: [values.count], values: values),
        to: HDF5File.join(name, column))
    }
  }

  /// Reads a table.
  public func table(_ name: String) throws -> ColumnTable {
    var names = try members(of: name)
    if case .strings(let ordered)? = try attribute("columns", of: name) { names = ordered }
    return try ColumnTable(
      names.map { ($0, try tensor(HDF5File.join(name, $0), as: Double.self).values) })
  }
}
