"""The HTTP endpoints (protocol §3): JSON in and out, errors as RFC 9457 problems with a stable code."""
