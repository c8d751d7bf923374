"""Bytes to commands and back: frames, control messages, one socket's session. Pure."""
