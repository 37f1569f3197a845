"""Putting things in an order of the owner's own."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

Name = TypeVar("Name")


class Placed(Protocol):
    """Something with a place in a list."""

    position: int


Thing = TypeVar("Thing", bound=Placed)


def reordered(names: Sequence[str], wanted: Sequence[str], move: str | None = None) -> list[str]:
    """Return ``names`` in the wanted order, then with one step made: ``"NAME:up"`` or ``"NAME:down"``.

    What the page did not know yet stays at the end; what is gone meanwhile is ignored.
    """
    places = {name: place for place, name in reversed(list(enumerate(wanted)))}
    result = sorted(names, key=lambda name: places.get(name, len(wanted)))
    name, _, way = (move or "").rpartition(":")
    if name in result:
        place = result.index(name)
        other = place + {"up": -1, "down": 1}.get(way, 0)
        if 0 <= other < len(result):
            result[place], result[other] = result[other], result[place]
    return result


def place(things: dict[str, Thing], wanted: Sequence[str], move: str | None = None) -> bool:
    """Number the things, given by name in their present order, as wanted; say whether anything moved."""
    before = list(things)
    after = reordered(before, wanted, move)
    for position, name in enumerate(after):
        if things[name].position != position:
            things[name].position = position
    return before != after
