"""Which kinds of work there are: ``@job`` for what follows a commit, ``@periodic`` for what comes again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from storefront.core.clock import timedelta

Handler = TypeVar("Handler", bound=Callable[..., Any])
WhenResting = Callable[[dict[str, Any], str], None]

LEASE = timedelta(minutes=2)
# How long to wait after each failed try, some 19 hours in all; after the last one the work rests.
DELAYS = (5, 30, 120, 600, 3600, 21_600, 43_200)
TRIES = len(DELAYS) + 1


class NeedsAttention(Exception):
    """Trying again is useless: the work rests at once, with this reason for the owner."""


class RetryLater(Exception):
    """It did not work now, as it may happen: try again ``after`` so long, or else after the usual time.

    Counts as a try like any other.
    """

    def __init__(self, reason: str, after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.after = after


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job: its handler and how it is to be treated."""

    name: str
    handler: Callable[..., Any]
    outside: bool
    slow: bool
    lease: timedelta
    when_resting: WhenResting | None


@dataclass(frozen=True, slots=True)
class Round:
    """A piece of periodic work."""

    name: str
    work: Callable[[], object]
    every: timedelta


_kinds: dict[str, Kind] = {}
_rounds: dict[str, Round] = {}


def job(
    name: str,
    *,
    outside: bool = False,
    slow: bool = False,
    lease: timedelta = LEASE,
    when_resting: WhenResting | None = None,
) -> Callable[[Handler], Handler]:
    """Make the function the handler of all jobs of this kind; it is called with the job's arguments.

    Without ``outside`` it runs in one unit of work together with its "done", and must not talk to the
    network. With ``outside`` it is called with no transaction open; what it returns, if anything, is called
    in the unit that writes "done". ``slow`` work is outside too and may take hours: it has a lane of its
    own, one piece at a time in each worker, so that no mail waits for a film. All may run twice. ``lease``
    is the longest that it may take before another worker tries. ``when_resting(args, reason)`` is called in
    the unit in which the work comes to rest.
    """

    def register(handler: Handler) -> Handler:
        _keep(_kinds, name, Kind(name, handler, outside or slow, slow, lease, when_resting), handler)
        return handler

    return register


def periodic(name: str, *, every: timedelta) -> Callable[[Handler], Handler]:
    """Have a worker call the function about so often, one worker at a time; it opens its own units."""

    def register(work: Handler) -> Handler:
        _keep(_rounds, name, Round(name, work, every), work)
        return work

    return register


def find_kind(name: str) -> Kind | None:
    """Return the kind of that name, if this code knows it."""
    return _kinds.get(name)


def slow_kinds() -> list[str]:
    """Return the names of the kinds that may take hours."""
    return [kind.name for kind in _kinds.values() if kind.slow]


def rounds() -> tuple[Round, ...]:
    """Return all periodic work."""
    return tuple(_rounds.values())


def _keep(known: dict[str, Any], name: str, entry: Any, function: Callable[..., Any]) -> None:
    """Two functions of one name would be a mistake; the same one again is a module loaded twice."""
    before = known.get(name)
    if before is not None and _origin(before) != (function.__module__, function.__qualname__):
        raise ValueError(f"{name!r} is registered twice")
    known[name] = entry


def _origin(entry: Kind | Round) -> tuple[str, str]:
    function = entry.handler if isinstance(entry, Kind) else entry.work
    return function.__module__, function.__qualname__
