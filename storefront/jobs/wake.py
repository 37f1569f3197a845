"""Waking the idle threads of this process, so that work starts at once after its commit."""

import threading

_changed = threading.Condition()
_count = 0


def wake() -> None:
    """Tell every idle thread to look for work now."""
    global _count  # one counter a process, guarded by the condition
    with _changed:
        _count += 1
        _changed.notify_all()


def count() -> int:
    """Return how often ``wake()`` was called; take it before looking for work, and hand it to ``wait()``."""
    return _count


def wait(seen: int, seconds: float) -> None:
    """Wait for ``wake()``, but no longer than so many seconds; not at all when it came after ``seen``."""
    with _changed:
        _changed.wait_for(lambda: _count != seen, seconds)
