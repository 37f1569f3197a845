"""Making words comparable: lower case, no accents, each Chinese, Japanese or Korean character a word of its own."""

import re
import unicodedata

# Unified ideographs with extensions, kana, hangul: writing without spaces.
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003134f"
# A place that Unicode has not filled yet (for this Python) is no character.
_PIECE = re.compile(f"(?:(?=\\w)[{_CJK}])+|[^\\W_{_CJK}]+")
_CJK_RUN = re.compile(f"[{_CJK}]+")
MOST_WORDS = 12


def index_text(text: str) -> str:
    """Return the words of a text for the index, separated by spaces."""
    return " ".join(" ".join(piece) if _CJK_RUN.fullmatch(piece) else piece for piece in _pieces(text))


def query_terms(text: str) -> list[list[str]]:
    """Return what is looked for: each term is one word, or the characters of a Chinese phrase in their order."""
    return [list(piece) if _CJK_RUN.fullmatch(piece) else [piece] for piece in _pieces(text)][:MOST_WORDS]


def is_by_character(word: str) -> bool:
    """Whether the word is of a writing that is indexed by character."""
    return _CJK_RUN.fullmatch(word) is not None


def _pieces(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return _PIECE.findall(unicodedata.normalize("NFC", plain))
