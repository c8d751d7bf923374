"""Which workspaces are open: rooms found, made, swept; people, keys, rights; readiness; switches from outside."""
