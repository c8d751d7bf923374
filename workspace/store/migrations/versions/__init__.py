"""One file a number. What is here never changes, and names no table of today: databases of that number exist."""
