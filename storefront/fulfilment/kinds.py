"""The one content model: what each kind of content does when a buyer gets it, loses it, or has it again.

A new kind is a word in ``ContentKind``, a handler that is registered here, and a piece of template; nothing else asks
which kind a content is. A kind without a handler is just shown: files, courses, texts and links need no more than the
entitlement.
"""

from typing import Protocol

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
