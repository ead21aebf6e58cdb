import SynfireCore

/// An error of `SynfireTasks`: data that are not there, or a task that cannot be set up as asked.
public typealias TasksError = ModuleError<TasksModule>

/// The module that `TasksError` comes from.
public enum TasksModule: Sendable {}
