"""Lighthouse's marks for a page, as seen on a slow phone."""

import fcntl
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.chromium import ARGUMENTS, find_chromium
from tests.servers.process import ServerMissingError

_FOLDER = Path(__file__).parent / "lighthouse"
_PROGRAM = _FOLDER / "node_modules" / "lighthouse" / "cli" / "index.js"
_CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
_SECONDS = 120
# How many times slower than this machine the phone is, and how quick a machine that is meant for (its
# `benchmarkIndex`). On a slower one the phone would be slower than any that people have.
# Source: "CPU throttling" in throttling.md of github.com/GoogleChrome/lighthouse
_SLOWDOWN, _USUAL_MACHINE = 4.0, 1500


@dataclass(frozen=True)
class PageReport:
    """What Lighthouse says: `scores` by category from 0 to 100, and all `audits` by their names.

    `machine` is Lighthouse's index of how quick this machine was meanwhile.
    """

    scores: dict[str, int]
    audits: dict[str, dict[str, Any]]
    machine: float

    @property
    def slowdown(self) -> float:
        """The factor that makes a usual phone out of the machine as quick as it was when it looked."""
        return max(1.0, min(_SLOWDOWN, _SLOWDOWN * self.machine / _USUAL_MACHINE))

    @property
    def worst(self) -> int:
        """The lowest of the four scores."""
        return min(self.scores.values())

    @property
    def largest_paint_ms(self) -> float:
        """LCP in milliseconds of the simulated phone."""
        return float(self.audits["largest-contentful-paint"]["numericValue"])

    @property
    def blocking_ms(self) -> float:
        """TBT in milliseconds."""
        return float(self.audits["total-blocking-time"]["numericValue"])

    @property
    def layout_shift(self) -> float:
        """CLS; 0 when nothing moves."""
        return float(self.audits["cumulative-layout-shift"]["numericValue"])

    def weaknesses(self) -> list[str]:
        """What costs points, for the message of a test that fails."""
        return [
            f"{name}: {audit['title']}"
            for name, audit in self.audits.items()
            if audit.get("score") is not None and audit["score"] < 0.9
        ]


def measure_page(url: str, *, runs: int = 1) -> PageReport:
    """Look at `url` with Lighthouse's mobile settings.

    The best of `runs` counts, since a busy machine only takes away; each takes the machine to be as quick as the one
    before has found it.

    Some 10 seconds a run. One page at a time is measured on a machine, however many tests ask.
    Raises ServerMissingError when Lighthouse or the browser is missing, RuntimeError when it fails.
    """
    reports: list[PageReport] = []
    with _alone():
        for run in range(runs):
            try:
                reports.append(_measure_once(url, reports[-1].slowdown if reports else _SLOWDOWN))
            except RuntimeError:
                # A browser that got no time to draw is none to judge a page by.
                if not reports and run == runs - 1:
                    raise
    return max(reports, key=lambda report: (report.worst, report.scores["performance"]))


def check_present() -> None:
    """Raise ServerMissingError, with what is missing, unless pages can be measured here."""
    find_chromium()
    if not _PROGRAM.exists():
        raise ServerMissingError("Lighthouse is missing: `make lighthouse` fetches it where npm is installed")


def _measure_once(url: str, slowdown: float) -> PageReport:
    check_present()
    flags = " ".join(_quoted(argument) for argument in ["--headless=new", *ARGUMENTS])
    with tempfile.TemporaryDirectory(prefix="storefront-lighthouse-") as folder:
        command = [_node(), str(_PROGRAM), url, "--quiet"]
        command += ["--output=json", f"--output-path={folder}/report.json"]
        command += [f"--only-categories={','.join(_CATEGORIES)}", f"--chrome-flags={flags}"]
        command += [f"--throttling.cpuSlowdownMultiplier={slowdown:.2f}"]
        command += ["--no-enable-error-reporting", "--max-wait-for-load=30000"]
        run = subprocess.run(
            command,
            env=os.environ | {"CHROME_PATH": find_chromium(), "TMPDIR": folder},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if run.returncode != 0:
            raise RuntimeError(f"Lighthouse failed on {url}:\n{run.stderr[-2000:]}")
        return _read(json.loads(Path(folder, "report.json").read_text()))


def _quoted(argument: str) -> str:
    """Lighthouse takes the browser's arguments as one text, where values with spaces stand in quotes."""
    name, equals, value = argument.partition("=")
    return f'{name}="{value}"' if equals else name


def _read(report: dict[str, Any]) -> PageReport:
    if error := report.get("runtimeError"):
        raise RuntimeError(f"Lighthouse failed: {error['message']}")
    scores = {name: report["categories"][name]["score"] for name in _CATEGORIES}
    marks = {name: round(100 * (score or 0)) for name, score in scores.items()}
    return PageReport(marks, report["audits"], float(report["environment"]["benchmarkIndex"]))


def _node() -> str:
    """The node inside playwright: Lighthouse asks for a newer one than Debian has."""
    from playwright._impl._driver import compute_driver_executable

    return str(compute_driver_executable()[0])


@contextmanager
def _alone() -> Iterator[None]:
    with (_FOLDER / "package.json").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
