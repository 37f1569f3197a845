"""What is written for people is true: settings, commands, links, pictures."""

import re
from pathlib import Path

import pytest

from storefront.cli import _parser
from storefront.core.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "deploy" / "README.md"]


def _default(name: str) -> str:
    default = Settings.model_fields[name].default
    if default in ("", ()):
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def test_readme_lists_every_setting_with_its_default() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) \| (.+) \|$", README, re.MULTILINE)
    assert {name: default for name, default, _ in rows} == {
        name.upper(): _default(name) for name in Settings.model_fields
    }, "write the new setting into README.md and .env.example"
    assert all(meaning for _, _, meaning in rows)


def test_example_of_settings_names_every_setting_once() -> None:
    named = re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE)
    assert sorted(set(named)) == sorted(named)
    assert {name.upper() for name in Settings.model_fields} - set(named) == set(), (
        "write it into .env.example"
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text("utf-8")
    links = re.findall(r"\]\(([^)#\s]+)|<img src=\"([^\"]+)\"", text)
    dead = [
        link
        for pair in links
        for link in pair
        if link and not link.startswith(("http", "mailto:", "…")) and not (document.parent / link).exists()
    ]
    assert dead == []


def test_commands_of_the_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    known = set(re.findall(r"^    ([a-z]+)\b", _parser().format_help(), re.MULTILINE))
    for document in DOCUMENTS:
        text = document.read_text("utf-8")
        asked = set(re.findall(r"(?:`|^ {4}|\d )make ([a-z]+)", text, re.MULTILINE))
        assert asked - targets == set(), document.name
        spoken = set(re.findall(r"(?:bin/|`)storefront ([a-z]+)", text))
        assert spoken - known == set(), document.name


def test_pictures_are_light_and_used() -> None:
    pictures = list((ROOT / "docs" / "pictures").glob("*"))
    assert 3 <= len(pictures) <= 8
    assert [path.name for path in pictures if path.stat().st_size > 150_000] == []
    assert [path.name for path in pictures if path.name not in README] == []


def test_events_that_the_readme_asks_for_are_those_that_the_shop_follows() -> None:
    from storefront.checkout.views.webhook import _FOLLOWED

    asked = set(re.findall(r"`((?:checkout\.session|charge|refund)\.[a-z_.]+)`", README))
    assert asked >= {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "charge.dispute.closed",
    }
    assert {event for event in asked if not event.startswith(_FOLLOWED)} == set()


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text("utf-8")
    assert [
        path.name for path in folder.glob("*.md") if path.name != "README.md" and path.name not in index
    ] == []


def test_documents_named_in_the_code_exist() -> None:
    for path in [*(ROOT / "storefront").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]:
        for name in re.findall(r"docs/[\w/-]+\.md", path.read_text("utf-8")):
            assert (ROOT / name).exists(), f"{path.name} names {name}"
