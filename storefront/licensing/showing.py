"""What a buyer sees of licence keys."""

from dataclasses import dataclass

from sqlalchemy import select

from storefront.catalog.models import Content
from storefront.catalog.states import ContentKind
from storefront.core import db
from storefront.fulfilment import service as fulfilment
from storefront.fulfilment.models import KeyState, LicenceKey
from storefront.licensing.activating import activations_of
from storefront.licensing.models import Activation


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key of a buyer, where it is in use, and on how many machines it may be (None: on any number)."""

    key: LicenceKey
    content: Content
    activations: list[Activation]

    @property
    def is_suspended(self) -> bool:
        """Whether it does not count while a payment is disputed."""
        return self.key.state is KeyState.SUSPENDED

    @property
    def limit(self) -> int | None:
        """On how many machines it may be in use."""
        return self.content.activation_limit


def keys_of(holding: fulfilment.Holding) -> list[KeyView]:
    """Return the keys of one thing that was bought, in order (two queries)."""
    contents = {content.id: content for content in holding.contents if content.kind is ContentKind.LICENCE}
    keys = list(
        db.session().scalars(
            select(LicenceKey)
            .where(
                LicenceKey.entitlement_id == holding.entitlement.id,
                LicenceKey.content_id.in_(contents),
                LicenceKey.position.is_not(None),
            )
            .order_by(LicenceKey.content_id, LicenceKey.position)
        )
    )
    used = activations_of([key.id for key in keys])
    return [KeyView(key, contents[key.content_id], used.get(key.id, [])) for key in keys]
