"""Files over HTTP: brought in as a stream, handed out whole or in part, and only as what they may be shown."""
