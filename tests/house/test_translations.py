"""Everything that a person may read is there in Chinese, and says the same."""

import io
import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "storefront" / "translations" / "zh_Hans_CN" / "LC_MESSAGES"
REMEDY = "run `make strings`, write the Chinese into messages.po, run `make strings` again"

# N_ marks where a sentence stands that is translated where it is read.
KEYWORDS = {**DEFAULT_KEYWORDS, "N_": None, "lazy_gettext": None, "_": None, "ngettext": (1, 2)}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|(?<!%)%[sd]")
TAG = re.compile(r"</?[a-z]+")


@cache
def marked() -> dict[str | tuple[str, ...], list[str]]:
    """Return every marked sentence of the code and the templates, with the places where it stands."""
    mapping = io.StringIO((ROOT / "babel.cfg").read_text("utf-8"))
    methods, options = parse_mapping_cfg(mapping)  # type: ignore[no-untyped-call]  # babel is half typed
    found: dict[str | tuple[str, ...], list[str]] = {}
    for file, line, message, *_ in extract_from_dir(
        str(ROOT), methods, options, KEYWORDS, directory_filter=_is_ours
    ):
        if message:
            found.setdefault(message, []).append(f"{file}:{line}")
    return found


@cache
def catalogue() -> Catalog:
    """Return the Chinese catalogue as it is written."""
    path = FOLDER / "messages.po"
    if not path.exists():
        pytest.fail(f"there is no {path.relative_to(ROOT)}: {REMEDY}")
    with path.open("rb") as file:
        return read_po(file, locale="zh_Hans_CN")


def test_there_is_something_to_translate() -> None:
    assert len(marked()) > 300


def test_every_sentence_has_its_chinese() -> None:
    lacking = {}
    for message, places in marked().items():
        found = catalogue().get(message if isinstance(message, str) else message[0])
        if found is None or not all(_strings(found)):
            lacking[message] = places[0]
    assert lacking == {}, REMEDY


def test_no_translation_is_a_guess() -> None:
    assert [message.id for message in catalogue() if message.id and message.fuzzy] == [], (
        "check it, remove '#, fuzzy'"
    )


def test_no_translation_is_left_over() -> None:
    known = {one if isinstance(one, str) else one[0] for one in marked()}
    ids = {
        message.id if isinstance(message.id, str) else message.id[0] for message in catalogue() if message.id
    }
    assert ids - known == set(), REMEDY


def test_translation_holds_the_same_placeholders_and_tags() -> None:
    wrong = []
    for message in catalogue():
        said = _plural(message) if message.id else ""
        for text in _strings(message) if message.id else ():
            if text and any(_marks(kind, text) != _marks(kind, said) for kind in (PLACEHOLDER, TAG)):
                wrong.append((message.id, text))
    assert wrong == []


def test_translation_is_chinese() -> None:
    """Names and signs may stay as they are; a sentence may not."""
    same = [
        message.id
        for message in catalogue()
        if isinstance(message.id, str) and " " in message.id.strip() and message.string == message.id
    ]
    assert same == []


def test_compiled_catalogue_is_what_is_written() -> None:
    """The .mo is committed, so that the shop needs no build step."""
    path = FOLDER / "messages.mo"
    assert path.exists(), REMEDY
    buffer = io.BytesIO()
    write_mo(buffer, catalogue())
    buffer.seek(0)
    with path.open("rb") as file:
        assert _said(read_mo(file)) == _said(read_mo(buffer)), REMEDY


def _is_ours(folder: str) -> bool:
    """The walk begins at the top, where much lies that is not ours."""
    name = Path(folder).name
    inside = Path(folder).relative_to(ROOT).parts
    return name != "__pycache__" and inside[0] in ("storefront", "templates")


def _strings(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple | list) else (message.string or "",)  # type: ignore[return-value]  # babel types it loosely


def _plural(message: Message) -> str:
    """Chinese has one form for all numbers: the one for many."""
    return message.id if isinstance(message.id, str) else str(message.id[-1])


def _marks(pattern: re.Pattern[str], text: str) -> list[str]:
    return sorted(match.group() for match in pattern.finditer(text))


def _said(found: Catalog) -> dict[str, object]:
    return {str(message.id): message.string for message in found if message.id}
