"""Requests of a process run in turn, and nobody waits for one that waits for somebody else."""

from collections.abc import Callable, Iterable
from threading import Barrier, Event, Thread
from typing import Any

import pytest

from storefront.core import turns
from storefront.core.turns import aside, in_turn

_LONG = 20.0


def _ask(layer: Callable[..., Iterable[bytes]], count: int) -> list[Thread]:
    threads = [Thread(target=layer, args=({}, lambda *_: None), daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def _join(threads: list[Thread]) -> None:
    for thread in threads:
        thread.join(_LONG)
        assert not thread.is_alive()


def test_one_request_at_a_time_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE", _LONG)
    running, most = [], []

    def app(_environ: Any, _start: Any) -> list[bytes]:
        running.append(1)
        most.append(len(running))
        Event().wait(0.002)
        running.pop()
        return []

    _join(_ask(in_turn(app), 8))
    assert (len(most), max(most)) == (8, 1)


def test_who_waits_for_somebody_else_lets_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE", _LONG)
    all_here = Barrier(4)

    def app(_environ: Any, _start: Any) -> list[bytes]:
        with aside():
            all_here.wait(_LONG)  # reached only when four are aside at the same time
        return []

    _join(_ask(in_turn(app), 4))


def test_nobody_waits_long_for_a_slow_request() -> None:
    answered = Event()

    def slow(_environ: Any, _start: Any) -> list[bytes]:
        assert answered.wait(_LONG)
        return []

    def quick(_environ: Any, _start: Any) -> list[bytes]:
        answered.set()
        return []

    first = _ask(in_turn(slow), 1)
    _join(_ask(in_turn(quick), 1) + first)


def test_a_request_that_fails_leaves_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE", _LONG)

    def broken(_environ: Any, _start: Any) -> list[bytes]:
        raise ValueError("broken")

    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            in_turn(broken)({}, lambda *_: None)
    _join(_ask(in_turn(lambda *_: []), 2))


def test_without_a_turn_aside_is_nothing() -> None:
    with aside(), aside():
        pass
    _join(_ask(in_turn(lambda *_: []), 1))
