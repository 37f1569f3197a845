"""Keep the translations in step with the words of the shop: ``make strings``.

Collects what ``babel.cfg`` points to, keeps the translations that there are, drops what nobody says any more, and
compiles. The same words give the same bytes, so that a test can compare. What still has no translation is listed.
"""

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "storefront" / "translations"
LOCALE = "zh_Hans_CN"
# Babel's own, and our mark for sentences that are translated where a person is told.
KEYWORDS = {**DEFAULT_KEYWORDS, "N_": None, "lazy_gettext": None}
_HEADER = "# The words of the shop in Simplified Chinese. `make strings` keeps this file in step."
_KEPT = ("Language", "Plural-Forms", "MIME-Version", "Content-Type", "Content-Transfer-Encoding")


class Words(Catalog):
    """A catalogue without dates and versions, which would make each run differ."""

    def _get_mime_headers(self) -> list[tuple[str, str]]:
        headers = super()._get_mime_headers()
        return [(name, value) for name, value in headers if name in _KEPT]

    mime_headers = property(_get_mime_headers, Catalog._set_mime_headers)  # Babel's property calls its own


def main() -> int:
    """Write ``messages.po`` and ``messages.mo``, or with ``--check`` only compare; 1 when something is not right."""
    po, mo, complaints = made()
    place = FOLDER / LOCALE / "LC_MESSAGES"
    if "--check" not in sys.argv:
        (place / "messages.po").write_bytes(po)
        (place / "messages.mo").write_bytes(mo)
    elif (place / "messages.po").read_bytes() != po or (place / "messages.mo").read_bytes() != mo:
        complaints.append("The translations are not in step with the words: run `make strings`.")
    print("\n".join(complaints) or "Every word is translated.")
    return 1 if complaints else 0


def made() -> tuple[bytes, bytes, list[str]]:
    """Return the two files as they should be now, and what is wrong with them in words."""
    catalog = _collected()
    known = read_po(io.BytesIO((FOLDER / LOCALE / "LC_MESSAGES" / "messages.po").read_bytes()), locale=LOCALE)
    for message in catalog:
        before = known.get(message.id) if message.id else None
        if before is not None:
            message.string = before.string
    po, mo = io.BytesIO(), io.BytesIO()
    write_po(po, catalog, width=0, sort_by_file=True, ignore_obsolete=True, include_lineno=False)
    write_mo(mo, catalog)
    return (
        po.getvalue(),
        mo.getvalue(),
        [text for message in catalog if message.id for text in _wrong(message)],
    )


def _collected() -> Words:
    catalog = Words(locale=LOCALE, header_comment=_HEADER, fuzzy=False)
    with (ROOT / "babel.cfg").open(encoding="utf-8") as mapping:
        methods, options = parse_mapping_cfg(mapping)  # type: ignore[no-untyped-call]  # Babel says nothing of it
    found = extract_from_dir(ROOT, methods, options, KEYWORDS, directory_filter=_is_ours)
    for filename, _line, message, comments, context in sorted(found, key=lambda one: one[:2]):
        catalog.add(message, None, [(filename, 0)], auto_comments=comments, context=context)
    return catalog


def _is_ours(folder: str) -> bool:
    """Babel by itself would leave out folders such as ``templates/_macros``."""
    name = Path(folder).name
    return not name.startswith(".") and name not in ("__pycache__", "node_modules", "var")


def _wrong(message: Message) -> list[str]:
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    if not all(strings):
        return [f"not translated: {message.id!r}"]
    return [f"{message.id!r}: {error}" for error in message.check()]


if __name__ == "__main__":
    sys.exit(main())
