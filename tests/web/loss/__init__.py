"""Random stories in browsers: whatever is killed, nothing typed is lost, and nothing is called saved that is not."""
