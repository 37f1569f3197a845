"""Rows of results: printed as a table and written as JSON."""

import json
import os
import platform
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
_PACKAGES = ("flask", "granian", "jinja2", "sqlalchemy", "psycopg", "stripe", "werkzeug")


@dataclass(frozen=True, slots=True)
class Row:
    """One measured figure. ``goal`` is its limit in words; ``holds`` is None where it is only told."""

    name: str
    value: float
    unit: str
    goal: str = ""
    holds: bool | None = None


def at_most(name: str, value: float, unit: str, goal: float) -> Row:
    """Return a row whose value should not be above the goal."""
    return Row(name, _rounded(value), unit, f"≤ {goal:g}", value <= goal)


def at_least(name: str, value: float, unit: str, goal: float) -> Row:
    """Return a row whose value should not be below the goal."""
    return Row(name, _rounded(value), unit, f"≥ {goal:g}", value >= goal)


def told(name: str, value: float, unit: str) -> Row:
    """Return a row that has no goal."""
    return Row(name, _rounded(value), unit)


def print_rows(rows: Iterable[Row]) -> None:
    """Print one line a row, as soon as it is known."""
    for row in rows:
        mark = {True: "yes", False: "NO", None: ""}[row.holds]
        print(f"{row.name:<58} {row.value:>10g} {row.unit:<12} {row.goal:<8} {mark}", flush=True)


def write_rows(rows: list[Row], file_name: str = "shop.json") -> Path:
    """Write the rows with what they were measured on."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / file_name
    about = {"measured_at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": _machine()}
    versions = {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}
    known = {**about, "versions": versions, "rows": [asdict(row) for row in rows]}
    path.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _machine() -> dict[str, object]:
    return {
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_at_the_end": round(os.getloadavg()[0], 1),
        "implementation": sys.implementation.name,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
        platform.machine(),
    )


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
