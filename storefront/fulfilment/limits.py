"""How often and until when a buyer may download files of which the owner has set a limit."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from storefront.catalog.models import Content
from storefront.catalog.service.versions import versions_of
from storefront.catalog.states import ContentKind
from storefront.core import db
from storefront.core.clock import datetime, now, timedelta
from storefront.fulfilment.file_models import DownloadUse
from storefront.fulfilment.models import Entitlement

if TYPE_CHECKING:
    from storefront.fulfilment.service import Holding


@dataclass(frozen=True, slots=True)
class Allowance:
    """How often a buyer may still download a file: ``left`` times (None: no limit), until ``until`` (None: no end)."""

    left: int | None
    until: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether it may be downloaded now."""
        return self.left != 0 and (self.until is None or self.until > now())


def is_limited(content: Content) -> bool:
    """Whether downloads of it are counted."""
    return content.download_limit is not None or content.download_days is not None


def until(content: Content, since: datetime) -> datetime | None:
    """Return when the days to download it are over that began at ``since``; None when they never are."""
    return since + timedelta(days=content.download_days) if content.download_days is not None else None


def allowances(pairs: Iterable[tuple[Entitlement, Content]]) -> dict[int, dict[int, Allowance]]:
    """Return what may still be downloaded, by entitlement and limited content (1 query; none without limits)."""
    limited = [(entitlement, content) for entitlement, content in pairs if is_limited(content)]
    if not limited:
        return {}
    statement = select(DownloadUse).where(
        DownloadUse.entitlement_id.in_({entitlement.id for entitlement, _ in limited}),
        DownloadUse.content_id.in_({content.id for _, content in limited}),
    )
    uses = {(use.entitlement_id, use.content_id): use for use in db.session().scalars(statement)}
    found: dict[int, dict[int, Allowance]] = {}
    for entitlement, content in limited:
        use = uses.get((entitlement.id, content.id))
        found.setdefault(entitlement.id, {})[content.id] = _allowance(entitlement, content, use)
    return found


def look_up_files(holdings: "list[Holding]") -> None:
    """Add what is known of files only: their versions, and how often they may still be downloaded (2 queries)."""
    files = [
        (holding.entitlement, content)
        for holding in holdings
        for content in holding.contents
        if content.kind is ContentKind.FILE
    ]
    if not files:
        return
    versions, left = versions_of({content.id for _, content in files}), allowances(files)
    for holding in holdings:
        holding.versions, holding.allowances = versions, left.get(holding.entitlement.id, {})


def _allowance(entitlement: Entitlement, content: Content, use: DownloadUse | None) -> Allowance:
    left = None
    if content.download_limit is not None:
        left = max(0, content.download_limit - (use.used if use else 0))
    return Allowance(left, until(content, use.since if use else entitlement.granted_at))
