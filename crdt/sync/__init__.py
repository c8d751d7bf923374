"""The y-sync and awareness protocols as values: bytes in, values out."""
