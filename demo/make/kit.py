"""What every script of the demo shares: colours, folders, a browser to draw with, zips that never change."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

DEMO = Path(__file__).resolve().parent.parent
PICTURES = DEMO / "pictures"
MEDIA = DEMO / "media"
FILES = DEMO / "files"

CHROMIUM = "/usr/bin/chromium"

# Everything the workshop prints uses these inks and papers, so that the shop looks like one hand.
PAPER = "#f7f0e3"
CREAM = "#ece0ca"
INK = "#1d2945"
BLUE = "#2d5aa8"
RED = "#e2502f"
MUSTARD = "#e9b23c"
TEAL = "#2c7a74"
PINK = "#f2b5a7"
SAGE = "#a8bfa1"
SKY = "#b9d2dd"
PLUM = "#5d3b60"
WOOD = "#c99a66"

SERIF = "'EB Garamond 12','EB Garamond','Noto Serif CJK SC',serif"
SANS = "Inter,'Noto Sans CJK SC',sans-serif"
MONO = "'JetBrains Mono','Noto Sans CJK SC',monospace"

# Zip entries carry one fixed date: the same contents give the same bytes on every run.
ZIP_DATE = (2026, 1, 5, 9, 0, 0)


@contextmanager
def drawing_board(width: int, height: int) -> Iterator[Page]:
    """Give a blank browser page of ``width`` by ``height`` CSS pixels, closed afterwards."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--font-render-hinting=none"]
        )
        try:
            yield browser.new_page(viewport={"width": width, "height": height})
        finally:
            browser.close()


def draw_svg(page: Page, svg: str) -> Image.Image:
    """Draw ``svg`` over the whole of ``page`` and return it as an RGB picture."""
    page.set_content(
        "<!doctype html><style>html,body{margin:0;overflow:hidden}svg{display:block}</style>" + svg
    )
    page.evaluate("document.fonts.ready")
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def write_zip(path: Path, entries: Mapping[str, bytes | str]) -> None:
    """Write ``entries`` (name in the archive: contents) in the given order, with fixed dates."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, contents in entries.items():
            info = zipfile.ZipInfo(name, ZIP_DATE)
            # EPUB demands that "mimetype" lies uncompressed at the very start.
            stored = name == "mimetype"
            info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            info.external_attr = (0o755 if name.endswith(".py") else 0o644) << 16
            info.create_system = 3
            archive.writestr(info, contents)
