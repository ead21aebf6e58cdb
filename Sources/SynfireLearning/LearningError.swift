import SynfireCore

/// An error of `SynfireLearning`: targets that do not fit, constants out of range, numbers that blew up.
public typealias LearningError = ModuleError<LearningModule>

/// The module that `LearningError` comes from.
public enum LearningModule: Sendable {}
