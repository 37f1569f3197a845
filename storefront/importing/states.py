"""States of an import and of the pictures that it names."""

from enum import StrEnum


class RunState(StrEnum):
    """How far an import is: being looked through, looked through, being written, written, or given up."""

    CHECKING = "checking"
    CHECKED = "checked"
    IMPORTING = "importing"
    DONE = "done"
    FAILED = "failed"


MOVES: dict[RunState, frozenset[RunState]] = {
    RunState.CHECKING: frozenset({RunState.CHECKED, RunState.FAILED}),
    RunState.CHECKED: frozenset({RunState.IMPORTING}),
    RunState.IMPORTING: frozenset({RunState.DONE, RunState.FAILED}),
    RunState.DONE: frozenset(),
    RunState.FAILED: frozenset(),
}


class Source(StrEnum):
    """Whose kind of file it is."""

    OWN = "own"
    SHOPIFY = "shopify"
    WOOCOMMERCE = "woocommerce"


class WishState(StrEnum):
    """A picture that a file named by its address: still to be fetched, here, or not to be had."""

    WAITING = "waiting"
    FETCHED = "fetched"
    FAILED = "failed"
