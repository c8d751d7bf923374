"""Documents and the y-sync protocol, pure: bytes and values in, values out. Floor one of the house."""
