"""What the sequencer does in a turn, step by step: the only folder that appends records."""
