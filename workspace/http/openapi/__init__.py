"""The API's description of itself: said on each handler, and what requests are read by."""
