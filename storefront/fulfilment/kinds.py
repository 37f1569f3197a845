"""The one content model: what each kind of content does when a buyer gets it, loses it, or has it again.

A new kind is a word in ``ContentKind``, a handler that is registered here, and a piece of template; nothing else asks
which kind a content is. A kind without a handler is just shown: files, courses, texts and links need no more than the
entitlement.
"""

from typing import Protocol, runtime_checkable

from storefront.catalog.models import Content
from storefront.catalog.states import ContentKind
from storefront.fulfilment.models import Entitlement


class Handler(Protocol):
    """What a kind of content does at each step of an entitlement's life.

    Each is called in the caller's unit of work, must not talk to the network, and must be harmless when repeated: a
    grant runs again after a crash, and for contents that were added later. Each may raise ``RetryLater`` (it may work
    soon) or ``NeedsAttention`` (only the owner can help): the unit is rolled back, and the job is tried again or
    rests with the reason.
    """

    def grant(self, entitlement: Entitlement, content: Content) -> None:
        """Give ``entitlement.quantity`` of the content; what is there stays."""

    def revoke(self, entitlement: Entitlement, content: Content) -> None:
        """Close what the grant opened."""

    def restore(self, entitlement: Entitlement, content: Content) -> None:
        """Open it again."""


@runtime_checkable
class Sharing(Protocol):
    """A handler whose things are counted: what a seat gets is taken from what the buyer of several has.

    ``grant`` follows for the seat in a job, and gives what is missing. When the seat is taken back, its things are
    revoked, and ``grant`` is called for the buyer again, for the places that are the buyer's own
    (``fulfilment.places.own_positions``).
    """

    def share(self, parent: Entitlement, seat: Entitlement, content: Content) -> None:
        """Hand the seat what lies at its ``seat_position``, if it lies there; harmless when repeated."""


class Plain:
    """A content that is only shown: the entitlement says everything."""

    def grant(self, entitlement: Entitlement, content: Content) -> None:
        """Do nothing."""

    def revoke(self, entitlement: Entitlement, content: Content) -> None:
        """Do nothing."""

    def restore(self, entitlement: Entitlement, content: Content) -> None:
        """Do nothing."""


_PLAIN = Plain()
_handlers: dict[ContentKind, Handler] = {}


def register(kind: ContentKind, handler: Handler) -> None:
    """Let the handler look after all contents of the kind, in place of the one before."""
    _handlers[kind] = handler


def handler_of(kind: ContentKind) -> Handler:
    """Return who looks after contents of the kind."""
    return _handlers.get(kind, _PLAIN)


def share(parent: Entitlement, seat: Entitlement, content: Content) -> None:
    """Hand a seat its part of a content, where parts are counted."""
    handler = handler_of(content.kind)
    if isinstance(handler, Sharing):
        handler.share(parent, seat, content)
