@_exported import EngineWorkloads
