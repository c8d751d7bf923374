"""The types of columns, on both databases. A migration names them too: none is ever changed, another is added.

On PostgreSQL a number has 64 bits, as it always has on SQLite, and a text that is looked up or ordered by is compared
by code point, as SQLite compares every text.
"""

from __future__ import annotations

from typing import Annotated

from sqlalchemy import BigInteger, Integer, String, Text
from sqlmodel import Field

NUMBER = BigInteger().with_variant(Integer(), "sqlite")
KEY = String().with_variant(Text(collation="C"), "postgresql")
WORDS = String().with_variant(Text(), "postgresql")

# The same types for fields that are nothing but that; a field with more to say names `sa_type` itself.
Number = Annotated[int, Field(sa_type=NUMBER)]
Words = Annotated[str, Field(sa_type=WORDS)]
