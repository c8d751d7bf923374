"""Yjs updates as bytes: read within bounds, summed up, cut and written anew, before any CRDT sees them."""
