"""What browsers load: nothing unlisted, nothing changed, nothing heavy, nothing that the policy forbids."""

import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "static"
TEMPLATES = ROOT / "templates"

OURS = {
    "css/admin.css",
    "css/course.css",
    "css/player.css",
    "css/shop.css",
    "css/slips.css",
    "favicon.svg",
    "js/admin.js",
    "js/course.js",
    "js/lists.js",
    "js/mails.js",
    "js/media.js",
    "js/player.js",
    "js/shop.js",
    "js/theme.js",
    "js/uploads.js",
    "vendor/vendor.json",
}

# Most bytes of a file as it travels, compressed (gzip; brotli is smaller still).
BUDGETS = {
    "css/shop.css": 9 * 1024,
    "css/admin.css": 3 * 1024,
    "js/shop.js": 4 * 1024,
    "js/admin.js": 4 * 1024,
    "js/lists.js": 2 * 1024,
    "js/media.js": 2 * 1024,
    "js/mails.js": 1024,
    "css/slips.css": 1024,
    "js/theme.js": 512,
    "js/uploads.js": 2 * 1024,
    "css/course.css": 1024,
    "css/player.css": 2 * 1024,
    "js/player.js": 3 * 1024,
    "js/course.js": 2 * 1024,
    "icons.svg": 4 * 1024,
    # Only fetched to play a film in pieces, by browsers that can't by themselves.
    "vendor/hls.js-1.7.4/hls.light.min.js": 120 * 1024,
    "vendor/htmx-4.0.1/htmx.min.js": 14 * 1024,
    "vendor/inter-5.3.0/inter-latin-wght-normal.woff2": 48 * 1024,
}

LICENCE_WORDS = {
    "0BSD": "Permission to use, copy, modify, and/or distribute",
    "Apache-2.0": "Licensed under the Apache License, Version 2.0",
    "ISC": "ISC License",
    "OFL-1.1": "SIL Open Font License, Version 1.1",
}


def _vendored() -> list[dict[str, Any]]:
    packages: list[dict[str, Any]] = json.loads((STATIC / "vendor/vendor.json").read_text("utf-8"))
    return packages


def _files() -> set[str]:
    return {path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file()}


def test_every_asset_is_ours_or_listed_with_its_origin() -> None:
    listed = {name for package in _vendored() for name in package["files"]}
    assert _files() == OURS | listed


@pytest.mark.parametrize("package", _vendored(), ids=lambda package: package["name"])
def test_vendored_files_are_what_was_vendored(package: dict[str, Any]) -> None:
    sums = {name: hashlib.sha256((STATIC / name).read_bytes()).hexdigest() for name in package["files"]}
    assert sums == package["files"]


@pytest.mark.parametrize("package", _vendored(), ids=lambda package: package["name"])
def test_vendored_packages_bring_version_source_and_licence(package: dict[str, Any]) -> None:
    assert package["version"] in package["licence_file"]
    assert package["source"]
    assert LICENCE_WORDS[package["licence"]] in (STATIC / package["licence_file"]).read_text("utf-8")


@pytest.mark.parametrize(("name", "most"), BUDGETS.items())
def test_asset_stays_within_its_budget(name: str, most: int) -> None:
    content = (STATIC / name).read_bytes()
    size = len(content) if name.endswith(".woff2") else len(gzip.compress(content, 9))
    assert size <= most


def test_a_page_without_its_pictures_stays_far_below_100_kilobytes() -> None:
    elsewhere = ("admin", "course", "hls", "mails", "player", "slips", "uploads")
    first_visit = [name for name in BUDGETS if not any(word in name for word in elsewhere)]
    sizes = [len(gzip.compress((STATIC / name).read_bytes(), 9)) for name in first_visit]
    assert sum(sizes) <= 80 * 1024


def test_every_icon_that_templates_ask_for_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([a-z0-9-]+)"', (STATIC / "icons.svg").read_text("utf-8")))
    asked = {
        name
        for path in TEMPLATES.rglob("*.html")
        for name in re.findall(r'(?<![\w_])icon\(\s*"([a-z0-9-]+)"', path.read_text("utf-8"))
    }
    assert asked - sprite == set()


def test_templates_hold_no_inline_script_and_no_inline_style() -> None:
    """The policy would refuse them. Mails are no pages: the sender inlines their styles."""
    forbidden = re.compile(
        # Data of schema.org is never run (HTML, 4.12.1); only json_ld writes it, so that no text can end it.
        r"""<script(?![^>]*\bsrc=)(?! type="application/ld\+json">{{ \w+\([\w., ]*\) \| json_ld }}</script>)"""
        r"""|<style|\sstyle=["']|\son[a-z]+=["']|\bhx-on\b|["']js:|javascript:"""
    )
    pages = [
        path for path in TEMPLATES.rglob("*.html") if path.name != "mail.html" and "mails" not in path.parts
    ]
    found = {
        path.relative_to(TEMPLATES).as_posix(): forbidden.findall(path.read_text("utf-8")) for path in pages
    }
    assert {name: hits for name, hits in found.items() if hits} == {}


def test_scripts_hold_no_words_for_people() -> None:
    """What scripts show comes translated from the page, so that no language is forgotten."""
    words = re.compile(r'"[A-Z][a-z]+(?: [a-z]+)+[.!?…]?"')
    found = {path.name: words.findall(path.read_text("utf-8")) for path in (STATIC / "js").glob("*.js")}
    assert {name: hits for name, hits in found.items() if hits} == {}


def test_style_sheets_ask_nobody_else_for_anything() -> None:
    for path in (STATIC / "css").glob("*.css"):
        addresses = re.findall(r'url\("([^"]+)"\)', path.read_text("utf-8"))
        assert [one for one in addresses if not (path.parent / one).is_file()] == []
