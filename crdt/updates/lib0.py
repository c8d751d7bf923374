"""lib0 bytes, read within bounds and written exactly (the encoding under the Yjs protocols).

Every length is checked against what is left before anything is taken; a varint has at most eight bytes. pycrdt's own
decoder is unbounded and its encoder writes string lengths in characters, so neither is used (promises F7, trap 11).
"""

from __future__ import annotations

from crdt.errors import MalformedFrame

UINT_MAX = 2**53 - 1
VARINT_BYTES_MAX = 8


class Reader:
    """Reads lib0 values from `data`, from `start` on. Raises `MalformedFrame` at the first thing that does not fit."""

    __slots__ = ("data", "end", "pos")

    def __init__(self, data: bytes, start: int = 0) -> None:
        assert 0 <= start <= len(data), "reading starts within the bytes"
        self.data = data
        self.pos = start
        self.end = len(data)

    @property
    def remaining(self) -> int:
        """Return how many bytes are left."""
        return self.end - self.pos

    @property
    def at_end(self) -> bool:
        """Tell whether everything was read."""
        return self.pos >= self.end

    def expect_end(self) -> None:
        """Raise `MalformedFrame` unless everything was read."""
        if self.pos != self.end:
            raise MalformedFrame(f"{self.end - self.pos} bytes follow where nothing may")

    def byte(self) -> int:
        """Return the next byte, 0 to 255."""
        if self.pos >= self.end:
            raise MalformedFrame("the frame ends early")
        value = self.data[self.pos]
        self.pos += 1
        return value

    def var_uint(self) -> int:
        """Return an unsigned varint, 0 to 2**53 - 1."""
        data, pos, end = self.data, self.pos, self.end
        if pos >= end:
            raise MalformedFrame("the frame ends early")
        value = data[pos]
        pos += 1
        if value >= 0x80:
            value &= 0x7F
            shift = 7
            while True:
                if pos >= end:
                    raise MalformedFrame("the frame ends inside a number")
                part = data[pos]
                pos += 1
                value |= (part & 0x7F) << shift
                if part < 0x80:
                    break
                shift += 7
                if shift > 7 * (VARINT_BYTES_MAX - 1):
                    raise MalformedFrame("a number has more than eight bytes")
            # Beyond 2**53 JavaScript rounds: the client itself would not find its clock again.
            if value > UINT_MAX:
                raise MalformedFrame(f"the number {value} is above 2**53 - 1")
        self.pos = pos
        return value

    def var_int(self) -> int:
        """Return a signed lib0 varint, magnitude below 2**53."""
        first = self.byte()  # six bits of the number, a sign, and whether more follow: so lib0 keeps -0 apart from 0
        value = first & 0x3F
        if first & 0x80:
            shift = 6
            while True:
                part = self.byte()
                value |= (part & 0x7F) << shift
                if part < 0x80:
                    break
                shift += 7
                if shift > 6 + 7 * (VARINT_BYTES_MAX - 2):
                    raise MalformedFrame("a number has more than eight bytes")
            if value > UINT_MAX:
                raise MalformedFrame(f"the number {value} is above 2**53 - 1")
        return -value if first & 0x40 else value

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        if count > self.end - self.pos:
            raise MalformedFrame(f"{count} bytes are announced, {self.end - self.pos} are left")
        start = self.pos
        self.pos = start + count
        return self.data[start : self.pos]

    def var_bytes(self, limit: int | None = None) -> bytes:
        """Return a length-prefixed byte string of at most `limit` bytes."""
        count = self.var_uint()
        if limit is not None and count > limit:
            raise MalformedFrame(f"{count} bytes are announced, at most {limit} are taken")
        return self.take(count)

    def skip_bytes(self) -> int:
        """Pass over a length-prefixed byte string and return its length."""
        count = self.var_uint()
        if count > self.end - self.pos:
            raise MalformedFrame(f"{count} bytes are announced, {self.end - self.pos} are left")
        self.pos += count
        return count

    def var_string(self, limit: int | None = None) -> str:
        """Return a length-prefixed UTF-8 string of at most `limit` bytes."""
        try:
            return self.var_bytes(limit).decode()
        except UnicodeDecodeError as error:
            raise MalformedFrame(f"a string is not UTF-8: {error.reason}") from error


class Writer:
    """Writes lib0 values; `getvalue` returns the bytes so far."""

    __slots__ = ("_out",)

    def __init__(self) -> None:
        self._out = bytearray()

    def byte(self, value: int) -> Writer:
        """Write one byte."""
        assert 0 <= value <= 0xFF, f"{value} is no byte"
        self._out.append(value)
        return self

    def var_uint(self, value: int) -> Writer:
        """Write an unsigned varint, 0 to 2**53 - 1."""
        assert 0 <= value <= UINT_MAX, f"{value} is no lib0 unsigned integer"
        while value > 0x7F:
            self._out.append(0x80 | (value & 0x7F))
            value >>= 7
        self._out.append(value)
        return self

    def var_int(self, value: int) -> Writer:
        """Write a signed varint, magnitude below 2**53."""
        assert abs(value) <= UINT_MAX, f"{value} is no lib0 integer"
        sign, rest = (0x40 if value < 0 else 0), abs(value)
        self._out.append((0x80 if rest > 0x3F else 0) | sign | (rest & 0x3F))
        rest >>= 6
        while rest:
            self._out.append((0x80 if rest > 0x7F else 0) | (rest & 0x7F))
            rest >>= 7
        return self

    def raw(self, value: bytes) -> Writer:
        """Write bytes as they are."""
        self._out += value
        return self

    def var_bytes(self, value: bytes) -> Writer:
        """Write a length-prefixed byte string."""
        return self.var_uint(len(value)).raw(value)

    def var_string(self, value: str) -> Writer:
        """Write a length-prefixed UTF-8 string; the length counts bytes."""
        # Bytes, not characters: pycrdt's own encoder counts characters here (trap 11).
        return self.var_bytes(value.encode())

    def getvalue(self) -> bytes:
        """Return everything written so far."""
        return bytes(self._out)
