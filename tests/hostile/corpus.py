"""All hostile programs, by name."""

from __future__ import annotations

from tests.hostile.attack import Program
from tests.hostile.families import awareness, control, files, instructions, requests, shapes, structs, sync

PROGRAMS: tuple[Program, ...] = (
    *sync.programs(),
    *awareness.programs(),
    *control.programs(),
    *structs.programs(),
    *shapes.programs(),
    *requests.programs(),
    *instructions.programs(),
    *files.programs(),
)
BY_NAME = {program.name: program for program in PROGRAMS}
