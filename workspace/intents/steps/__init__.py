"""What the sequencer does in a turn, step by step: the only rooms that append records."""
