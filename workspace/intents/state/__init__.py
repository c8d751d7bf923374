"""Folds of the log: the board of intents, history, usage; the same live and in replay."""
