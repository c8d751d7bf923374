"""One open workspace: its single writer, the output gate, and the hub of those who are connected."""
