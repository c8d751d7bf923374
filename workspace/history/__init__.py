"""Operations on whole logs: read, fork, redact."""
