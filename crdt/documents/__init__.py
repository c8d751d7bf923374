"""One Yjs document over pycrdt: what it takes in, its values, places in it that survive edits."""
