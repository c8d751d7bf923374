"""Those who carry effects out: see `workspace.ports.Courier`."""
