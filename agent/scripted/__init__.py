"""A model server without a model: answers from a scenario file, with faults on demand. For tests and offline work."""
