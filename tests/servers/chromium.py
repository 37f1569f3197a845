"""The browser of the machine, driven by playwright, unable to leave the machine."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.servers.process import ServerMissingError

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # The browser's own door to the outside: every name and address but the machine's own leads nowhere.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1",
]


def find_chromium() -> str:
    """The path of the machine's Chromium or Chrome. Raises ServerMissingError."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if program := shutil.which(name):
            return program
    raise ServerMissingError(
        "no browser: neither chromium, chromium-browser nor google-chrome is on the PATH"
    )


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window. While it is open, asyncio can't be run in the same thread."""
    program = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS, timeout=60_000)
        try:
            yield browser
        finally:
            browser.close()
