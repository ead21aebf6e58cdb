/// What is saved of a block of trials that is run back after others have been run forward.
public enum BlockSaving: Hashable, Sendable {
  /// Nothing: it is run forward anew.
  case nothing
  /// Its outputs and the states before each segment, which is run again.
  case starts
  /// Outputs and, of models whose tapes follow from spikes and few numbers, these numbers, so that no step is run twice.
  case numbers
}
