@_exported import SynfireAnalysis
@_exported import SynfireCore
@_exported import SynfireFormats
@_exported import SynfireLearning
@_exported import SynfireNetworks
@_exported import SynfireTasks
@_exported import SynfireTraining
