import SynfireCore

/// An error of `SynfireTraining`: a run folder that cannot be used, a file of parameters or trials
/// that does not fit, a run that had to stop.
public typealias TrainingError = ModuleError<TrainingModule>

/// The module that `TrainingError` comes from.
public enum TrainingModule: Sendable {}
