"""What the characters of names look like: which show nothing, of which script a letter is, which look like another.

Pure tables and what follows from them. Unicode's own data are in no module of Python's for any of the three.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right

# Default_Ignorable_Code_Point of DerivedCoreProperties.txt, Unicode 16.0: first and last of each stretch.
IGNORABLE = (
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)
_FIRSTS = tuple(first for first, _ in IGNORABLE)
# Braille without a dot: a symbol to Unicode, and nothing to be seen.
BLANK = "\u2800"
JOINER, EMOJI_SELECTOR = "\u200d", "\ufe0f"
# What makes a key cap of a selector, and the five tones of skin.
KEYS, TONES = frozenset("0123456789#*"), frozenset("\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")
# Letters of two scripts that stand for each other in one word: nobody writes so who means a word.
SCRIPTS = ("LATIN", "CYRILLIC", "GREEK")
# Cyrillic and Greek letters whose shape is a Latin one (Unicode TR39, confusables.txt); only these count as it.
LATIN_SHAPES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d"
    "\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0410\u0406\u0408\u0405\u0423"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf\u03bd",
    "aeopcyxijshdqwBEKMHOPCTXAIJSYABEZHIKMNOPTYXov",
)


def is_unseen(point: str) -> bool:
    """Tell whether a character shows nothing where it stands: Unicode says so, or it is the blank of Braille."""
    code = ord(point)
    place = bisect_right(_FIRSTS, code) - 1
    return point == BLANK or (place >= 0 and code <= IGNORABLE[place][1])


def unseen_at(name: str) -> int | None:
    """Return where the first character stands that shows nothing, from 0; None where each is seen.

    What makes an emoji of the characters beside it is seen: U+FE0F behind a symbol or a key, U+200D between two emoji.
    """
    for place, point in enumerate(name):
        if is_unseen(point) and not _makes_emoji(name, place):
            return place
    return None


def without_unseen(name: str) -> str:
    """Return a name without what shows nothing, in an emoji too: what is left is all that people compare."""
    return name if name.isascii() else "".join(point for point in name if not is_unseen(point))


def mixes_scripts(name: str) -> bool:
    """Tell whether one word of a name has letters of two scripts that may be taken for one another (TR39)."""
    script = ""
    for point in "" if name.isascii() else name:
        kind = unicodedata.category(point)[0]
        if kind not in "LMN":
            script = ""
        found = next((one for one in SCRIPTS if one in unicodedata.name(point, "")), "") if kind == "L" else ""
        # A letter that has no Latin shape is taken for none: Δt, kΩ.
        found = found if found == "LATIN" or ord(point) in LATIN_SHAPES else ""
        if found and script and found != script:
            return True
        script = found or script
    return False


def folded(name: str) -> str:
    """Return a name without case, form, and what shows nothing."""
    return _without_form(without_unseen(_without_form(name)))


def skeleton(name: str) -> str:
    """Return what a name looks like in Latin letters, folded: `folded` of another's may be the same."""
    shown = without_unseen(unicodedata.normalize("NFKC", name))
    return folded(shown.translate(LATIN_SHAPES))


def _without_form(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _makes_emoji(name: str, place: int) -> bool:
    before, after = name[place - 1 : place], name[place + 1 : place + 2]
    if name[place] == EMOJI_SELECTOR:
        return before in KEYS or _is_symbol(before)
    return name[place] == JOINER and _is_symbol(after) and (_is_symbol(before) or before in {EMOJI_SELECTOR, *TONES})


def _is_symbol(point: str) -> bool:
    return bool(point) and point != BLANK and unicodedata.category(point) == "So"
