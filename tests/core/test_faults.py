"""Fault points do what a test asked for, and nothing in production."""

import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = "from storefront.core.faults import reach; reach('here'); print('went on')"


def run(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_nothing_happens_when_nobody_asked() -> None:
    assert run().stdout == "went on\n"
    assert run(STOREFRONT_FAULT="elsewhere").stdout == "went on\n"


def test_process_dies_where_a_test_said() -> None:
    assert run(STOREFRONT_FAULT="here").returncode == -signal.SIGKILL


def test_point_raises_where_a_test_said() -> None:
    assert "InjectedFault: here" in run(STOREFRONT_FAULT="here:raise").stderr


def test_once_means_once(tmp_path: Path) -> None:
    asked = {"STOREFRONT_FAULT": "here:raise", "STOREFRONT_FAULT_ONCE": str(tmp_path / "done")}
    assert run(**asked).returncode == 1
    assert run(**asked).stdout == "went on\n"


def test_production_is_deaf() -> None:
    assert run(STOREFRONT_FAULT="here", SHOP_ENV="production").stdout == "went on\n"
