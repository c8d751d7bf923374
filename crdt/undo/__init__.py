"""Take an edit back on the document as it is now: what became of its words, where they stand, in which order."""
