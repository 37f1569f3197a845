"""The demo shop: its catalogue is whole, in both languages, and every file of it opens."""

from __future__ import annotations

import io
import json
import os
import re
import struct
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree  # Only files of our own are parsed here.

import pytest
from jsonschema import validate  # type: ignore[import-untyped]  # It has no types of its own.
from PIL import Image

from demo.make import catalogue as catalogue_text

DEMO = Path(__file__).resolve().parents[2] / "demo"
MEBIBYTE = 1024 * 1024
HAN = re.compile(r"[\u4e00-\u9fff]")

CATALOGUE: dict[str, Any] = json.loads((DEMO / "catalogue.json").read_text("utf-8"))
PRODUCTS: list[dict[str, Any]] = CATALOGUE["products"]


def _thing(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def _chinese(*names: str, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    words = _thing(dict.fromkeys(names, TEXT), dict.fromkeys(optional, TEXT))
    return _thing({"zh": words})


def _list(items: dict[str, Any], least: int = 1) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least}


TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
SLUG = {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"}
COUNT = {"type": "integer", "minimum": 0}

CHOICE = _thing({"text": TEXT, "text_zh": TEXT}, {"is_right": {"const": True}})
QUESTION = _thing(
    dict.fromkeys(("text", "text_zh", "explanation", "explanation_zh"), TEXT)
    | {"choices": _list(CHOICE, least=2)},
    {"is_multiple": {"const": True}},
)
QUIZ = _thing({"pass_percent": {"type": "integer", "maximum": 100}, "questions": _list(QUESTION)})
LESSON = _thing(
    {
        "title": TEXT,
        "body": TEXT,
        "media": {"type": ["string", "null"]},
        "is_preview": {"type": "boolean"},
        "duration_seconds": {"type": ["integer", "null"], "minimum": 1},
        "translations": _chinese("title", "body"),
    },
    {"captions": _thing({"en": TEXT, "zh": TEXT}), "quiz": QUIZ, "opens_after_days": COUNT},
)
CHAPTER = _thing({"title": TEXT, "translations": _chinese("title"), "lessons": _list(LESSON)})
CONTENT = {
    "oneOf": [
        _thing(
            {
                "kind": {"const": "file"},
                "file": TEXT,
                "title": TEXT,
                "filename": TEXT,
                "translations": _chinese("title", optional=("filename",)),
            }
        ),
        _thing(
            {
                "kind": {"const": "licence"},
                "title": TEXT,
                "pattern": {"type": "string", "pattern": r"\*"},
                "instructions": TEXT,
                "translations": _chinese("title", "instructions"),
            }
        ),
        _thing(
            {
                "kind": {"const": "text"},
                "title": TEXT,
                "body": TEXT,
                "translations": _chinese("title", "body"),
            }
        ),
        _thing(
            {
                "kind": {"const": "link"},
                "title": TEXT,
                "url": {"type": "string", "pattern": "^https://"},
                "body": TEXT,
                "translations": _chinese("title", "body"),
            }
        ),
        _thing(
            {
                "kind": {"const": "course"},
                "title": TEXT,
                "translations": _chinese("title"),
                "chapters": _list(CHAPTER),
            },
            {"gives_certificate": {"const": True}},
        ),
    ]
}
VARIANT = _thing(
    {
        "sku": {"type": "string", "pattern": "^[A-Z0-9-]+$"},
        "title": {"type": "string"},
        "options": {"type": "object", "additionalProperties": TEXT},
        "amount": COUNT,
        "stock": {"type": ["integer", "null"], "minimum": 0},
    },
    {"translations": _chinese("title"), "compare_at_amount": COUNT, "weight_grams": COUNT},
)
PRODUCT = _thing(
    {
        "slug": SLUG,
        "kind": {"enum": ["course", "download", "licence", "physical"]},
        "title": TEXT,
        "summary": {"type": "string", "minLength": 20, "maxLength": 160},
        "description": {"type": "string", "minLength": 200},
        "category": SLUG,
        "tags": _list(TEXT),
        "requires_shipping": {"type": "boolean"},
        "translations": _chinese("title", "summary", "description", optional=("option",)),
        "variants": _list(VARIANT),
        "pictures": _list(_thing({"file": TEXT, "alt": TEXT, "translations": _chinese("alt")})),
        "contents": _list(CONTENT, least=0),
    },
    {"published_at": {"type": "integer", "maximum": 0}},
)
METHOD = _thing(
    {
        "title": TEXT,
        "translations": _chinese("title"),
        "basis": {"enum": ["weight", "price"]},
        "steps": _list(
            {"type": "array", "items": {"type": ["integer", "null"]}, "minItems": 2, "maxItems": 2}
        ),
        "days": {"type": "array", "items": COUNT, "minItems": 2, "maxItems": 2},
    },
    {"free_from": COUNT},
)
SCHEMA = _thing(
    {
        "shop": _thing(
            {
                "name": TEXT,
                "tagline": TEXT,
                "about": TEXT,
                "currency": {"enum": ["EUR", "USD"]},
                "translations": _chinese("tagline", "about", optional=("name", "transfer_details")),
            },
            {"transfer_details": TEXT},
        ),
        "categories": _list(
            _thing(
                {
                    "slug": SLUG,
                    "name": TEXT,
                    "description": TEXT,
                    "position": COUNT,
                    "translations": _chinese("name", "description"),
                }
            )
        ),
        "tags": _list(_thing({"name": TEXT, "translations": _chinese("name")})),
        "collections": _list(
            _thing(
                {
                    "slug": SLUG,
                    "title": TEXT,
                    "description": TEXT,
                    "translations": _chinese("title", "description"),
                    "products": _list(SLUG),
                }
            )
        ),
        "products": _list(PRODUCT),
        "shipping": _thing(
            {
                "sender": TEXT,
                "return_instructions": TEXT,
                "translations": _chinese("return_instructions"),
                "zones": _list(_thing({"name": TEXT, "places": TEXT, "methods": _list(METHOD)})),
                "pickup": _list(
                    _thing(
                        {
                            "title": TEXT,
                            "place": TEXT,
                            "opening": TEXT,
                            "translations": _chinese("title", "opening"),
                        }
                    )
                ),
            }
        ),
    }
)


def lessons() -> Iterator[dict[str, Any]]:
    for product in PRODUCTS:
        for content in product["contents"]:
            for chapter in content.get("chapters", ()):
                yield from chapter["lessons"]


def files_named() -> Counter[str]:
    """Every path that the catalogue names, with how often."""
    names = [picture["file"] for product in PRODUCTS for picture in product["pictures"]]
    names += [c["file"] for product in PRODUCTS for c in product["contents"] if "file" in c]
    names += [lesson["media"] for lesson in lessons() if lesson["media"]]
    return Counter(names)


def found(folder: str, ending: str) -> list[Path]:
    paths = sorted((DEMO / folder).glob(f"*{ending}"))
    assert paths
    return paths


def named(path: Path) -> str:
    return path.name


# --- the catalogue ----------------------------------------------------------------------------


def test_catalogue_follows_its_schema() -> None:
    validate(CATALOGUE, SCHEMA)


def test_catalogue_is_what_the_texts_give() -> None:
    assert (DEMO / "catalogue.json").read_text("utf-8") == catalogue_text.as_json()


def test_tags_and_collections_name_what_is_there() -> None:
    tags = {tag["name"] for tag in CATALOGUE["tags"]}
    assert {name for product in PRODUCTS for name in product["tags"]} == tags
    slugs = {product["slug"] for product in PRODUCTS}
    assert {slug for one in CATALOGUE["collections"] for slug in one["products"]} <= slugs


def test_slugs_and_skus_are_unique() -> None:
    slugs = [product["slug"] for product in PRODUCTS]
    skus = [variant["sku"] for product in PRODUCTS for variant in product["variants"]]
    assert len(slugs) == len(set(slugs))
    assert len(skus) == len(set(skus))


def test_every_category_exists_and_has_products() -> None:
    categories = {category["slug"] for category in CATALOGUE["categories"]}
    assert {product["category"] for product in PRODUCTS} == categories


def test_shop_sells_every_kind_of_thing() -> None:
    kinds = Counter(product["kind"] for product in PRODUCTS)
    assert kinds["course"] == 2
    assert set(kinds) == {"course", "download", "licence", "physical"}
    assert any(v["amount"] == 0 for product in PRODUCTS for v in product["variants"])
    assert any(v["stock"] == 0 for product in PRODUCTS for v in product["variants"])


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: str(product["slug"]))
def test_product_can_be_delivered(product: dict[str, Any]) -> None:
    physical = product["kind"] == "physical"
    assert product["requires_shipping"] is physical
    assert physical or product["contents"]
    for variant in product["variants"]:
        assert (variant["stock"] is not None) is physical
        assert ("weight_grams" in variant) is physical
        # A product with several variants must name each of them, in both languages.
        assert bool(variant["title"]) is (len(product["variants"]) > 1)
        assert bool(variant["title"]) is ("translations" in variant)
        assert variant.get("compare_at_amount", variant["amount"] + 1) > variant["amount"]


def test_chinese_texts_are_chinese() -> None:
    texts = [CATALOGUE["shop"]["translations"]["zh"]]
    texts += [category["translations"]["zh"] for category in CATALOGUE["categories"]]
    texts += [product["translations"]["zh"] for product in PRODUCTS]
    texts += [lesson["translations"]["zh"] for lesson in lessons()]
    texts += [picture["translations"]["zh"] for p in PRODUCTS for picture in p["pictures"]]
    assert [text for words in texts for text in words.values() if not HAN.search(text)] == []


def test_english_texts_are_not_left_in_chinese() -> None:
    texts = [product[name] for product in PRODUCTS for name in ("title", "summary")]
    texts += [lesson["title"] for lesson in lessons()]
    # The poster's subject is one Chinese character, which its summary shows.
    assert [text for text in texts if HAN.search(text.replace("永", ""))] == []


# --- the files --------------------------------------------------------------------------------


def test_every_file_exists_and_is_used_once() -> None:
    there = {
        path.relative_to(DEMO).as_posix()
        for folder in ("pictures", "media", "files")
        for path in (DEMO / folder).iterdir()
    }
    assert files_named() == Counter(there)


def test_demo_is_at_most_eight_mebibytes() -> None:
    sizes = [
        path.stat().st_size for path in DEMO.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
    assert sum(sizes) <= 8 * MEBIBYTE


@pytest.mark.parametrize("path", found("pictures", ".webp"), ids=named)
def test_picture_is_four_by_three_and_light(path: Path) -> None:
    with Image.open(path) as picture:
        picture.load()
        assert picture.size == (1600, 1200)
    assert path.stat().st_size <= 150_000


@pytest.mark.parametrize("path", found("media", ".mp4"), ids=named)
def test_film_can_start_before_it_is_loaded(path: Path) -> None:
    boxes = [kind for kind, _ in mp4_boxes(path.read_bytes())]
    assert boxes[0] == b"ftyp"
    assert boxes.index(b"moov") < boxes.index(b"mdat")
    assert path.stat().st_size <= 400 * 1024


def test_lessons_know_how_long_their_films_are() -> None:
    for lesson in lessons():
        if lesson["media"] is None:
            assert lesson["duration_seconds"] is None
        else:
            seconds = mp4_seconds((DEMO / lesson["media"]).read_bytes())
            assert abs(lesson["duration_seconds"] - seconds) < 1


def test_each_course_has_five_films_and_a_preview() -> None:
    for product in PRODUCTS:
        for content in product["contents"]:
            if content["kind"] == "course":
                taught = [lesson for chapter in content["chapters"] for lesson in chapter["lessons"]]
                assert len(taught) == 7
                assert sum(lesson["media"] is not None for lesson in taught) == 5
                assert [lesson["is_preview"] for lesson in taught].count(True) == 1


@pytest.mark.parametrize("path", found("files", ".pdf"), ids=named)
def test_pdf_has_pages_and_carries_its_fonts(path: Path) -> None:
    pdf = path.read_bytes()
    assert pdf.startswith(b"%PDF-1.")
    assert pdf.rstrip().endswith(b"%%EOF")
    assert b"/FontFile2" in pdf
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert pages >= (12 if "book" in path.name.replace("workbook", "") else 1)


@pytest.mark.parametrize("path", found("files", ".zip"), ids=named)
def test_zip_opens_and_has_a_readme(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert any("README" in name for name in names)
        # Everything lies in one folder, so that unpacking makes no mess.
        assert len({name.split("/")[0] for name in names}) == 1
        for name in names:
            if name.endswith(".svg"):
                assert parse_xml(archive.read(name)).tag.endswith("svg")
            if name.endswith(".png"):
                with Image.open(io.BytesIO(archive.read(name))) as picture:
                    picture.load()


@pytest.mark.parametrize("path", found("files", ".epub"), ids=named)
def test_epub_is_well_formed(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert archive.read("mimetype") == b"application/epub+zip"
        assert archive.testzip() is None
        for name in archive.namelist():
            if name.endswith((".xhtml", ".opf", ".ncx", ".xml")):
                parse_xml(archive.read(name))
        package = parse_xml(archive.read("OEBPS/book.opf"))
        manifest = {
            f"OEBPS/{item.get('href')}" for item in package.iter("{http://www.idpf.org/2007/opf}item")
        }
        others = {"mimetype", "META-INF/container.xml", "OEBPS/book.opf"}
        assert manifest == set(archive.namelist()) - others
        links = re.findall(r'href="(chapter-\d+\.xhtml)"', archive.read("OEBPS/nav.xhtml").decode())
        assert [f"OEBPS/{link}" for link in links] == sorted(n for n in manifest if "chapter" in n)


# --- the tool ---------------------------------------------------------------------------------


def plumb(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "Plumb/plumb.py", "--lang", "en", *arguments],
        cwd=home,
        env={**os.environ, "PLUMB_KEY_FILE": str(home / "key")},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    with zipfile.ZipFile(DEMO / "files" / "plumb.zip") as archive:
        archive.extractall(tmp_path)
    return tmp_path


def test_tool_asks_for_its_key(unpacked: Path) -> None:
    assert plumb(unpacked, "check", "Plumb/sample.md").returncode == 2
    assert plumb(unpacked, "activate", "INKW-1234").returncode == 2


def test_tool_takes_keys_of_the_pattern_that_the_shop_sells(unpacked: Path) -> None:
    pattern = next(c["pattern"] for p in PRODUCTS for c in p["contents"] if c["kind"] == "licence")
    assert plumb(unpacked, "activate", pattern.replace("****", "7QTM")).returncode == 0


def test_tool_finds_and_mends(unpacked: Path) -> None:
    plumb(unpacked, "activate", "INKW-7QTM-4XKA-R9HD")
    checked = plumb(unpacked, "check", "Plumb/sample.md")
    assert checked.stdout.splitlines()[-1] == "12 things to look at."
    fixed = plumb(unpacked, "fix", "Plumb/sample.md")
    assert fixed.stdout.splitlines()[-1] == "2 things to look at."
    text = (unpacked / "Plumb" / "sample.md").read_text("utf-8")
    assert "用 Plumb 校一遍再付印，省得返工。" in text
    assert '`x = "y"`' in text


# --- reading XML and MP4 ------------------------------------------------------------------------------


def parse_xml(text: bytes) -> ElementTree.Element:
    """Return the root of a file that this repository made itself."""
    return ElementTree.fromstring(text)  # noqa: S314


def mp4_boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Give kind and contents of each box at the top level of ``data``."""
    at = 0
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        assert size >= 8
        yield kind, data[at + 8 : at + size]
        at += size


def mp4_seconds(data: bytes) -> float:
    """Return the length that the film's header says."""
    header = dict(mp4_boxes(dict(mp4_boxes(data))[b"moov"]))[b"mvhd"]
    scale, duration = struct.unpack(">II", header[12:20])
    return float(duration / scale)
