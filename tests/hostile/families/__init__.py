"""The programs, by what they send."""
