"""Processes under measurement: their CPU time and memory, from /proc."""

import os
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """Return the process and all that descend from it."""
    found = [pid]
    for one in found:
        found += [
            int(child)
            for tasks in Path(f"/proc/{one}/task").glob("*/children")
            for child in _read(tasks).split()
        ]
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the CPU time that these processes have used so far."""
    return sum(_ticks(pid) for pid in pids) / _TICKS


def resident_mib(pids: Iterable[int]) -> tuple[float, float]:
    """Return resident and proportional memory in MiB; pages that processes share count once in the second."""
    rss = pss = 0
    for pid in pids:
        for line in _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines():
            name, _, amount = line.partition(":")
            if name == "Rss":
                rss += int(amount.split()[0])
            elif name == "Pss":
                pss += int(amount.split()[0])
    return rss / 1024, pss / 1024


def _ticks(pid: int) -> int:
    fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12]) if fields else 0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
