"""The typed operations: carried out on forks, checked by value, and what must stand there afterwards."""
