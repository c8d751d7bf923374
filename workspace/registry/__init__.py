"""Which workspaces are open: rooms found, made, swept; tokens; readiness; switches thrown from outside."""
