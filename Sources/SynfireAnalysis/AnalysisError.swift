import SynfireCore

/// An error of `SynfireAnalysis`: data that an analysis cannot use, or a figure that cannot be drawn.
public typealias AnalysisError = ModuleError<AnalysisModule>

/// The module that `AnalysisError` comes from.
public enum AnalysisModule: Sendable {}
