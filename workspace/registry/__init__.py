"""Which workspaces are open: rooms found, made, swept; tokens, rights; readiness; switches thrown from outside."""
