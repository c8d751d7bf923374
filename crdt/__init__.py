"""The document floor: Yjs documents over pycrdt and the y-sync protocol, pure. Bytes and values in, values out.

Five folders, each standing on those named before it:

* `updates`: a Yjs update as bytes, read within bounds, summed up and written anew before any CRDT sees it.
* `documents`: one document over pycrdt, what it takes in, its values, and places in it that survive edits.
* `operations`: the typed operations, carried out on forks and checked by value, and what must read there afterwards.
* `undo`: operations that take one edit back from the document as it is now.
* `sync`: the frames of y-sync and awareness, without a socket; it needs `updates` alone.

Loose beside them: `errors`, `text` (the only converter of units), `digest` (canonical JSON), `line_ends`.
Nothing here awaits, reads a clock, draws by lot or logs. What a peer can do wrong is a `CrdtError`; an `assert` that
fails is a mistake of ours.
"""
