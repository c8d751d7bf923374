"""The stories that must convince a sceptic, acted out over real sockets, many times with random delays."""
