"""Prompts are files with versions: `plan.1.md` is `plan@1`. A version is never edited once a log may name it."""
