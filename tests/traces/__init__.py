"""Real editing histories through the server's own socket."""
