"""What the command line does, one module a group of commands; each function returns the exit code."""
