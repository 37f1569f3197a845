"""Texts of strangers, made tame before anybody else reads them."""

import unicodedata

# Letters that turn the direction of what follows them, even outside of the text.
_TURNING = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def tame(text: str | None, *, lines: bool = False) -> str:
    """Return a stranger's text without what is no text: control characters, half letters, turners of direction."""
    plain = (text or "").replace("\r\n", "\n").replace("\r", "\n")
    plain = plain if lines else " ".join(plain.split())
    kept = (letter for letter in plain if letter == "\n" or _is_text(letter))
    return unicodedata.normalize("NFC", "".join(kept)).strip()


def _is_text(letter: str) -> bool:
    return letter not in _TURNING and unicodedata.category(letter) not in ("Cc", "Cs", "Cn", "Co")
