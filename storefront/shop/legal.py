"""What the shop asks buyers to agree to: terms of sale, and that digital goods come at once. Every version is kept."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, select

from storefront.core import db
from storefront.core.clock import now
from storefront.shop.models import LegalText
from storefront.shop.service import legal_facts
from storefront.web.language import in_language

TOPIC = "legal"

# What a consumer must have agreed to so that the right to withdraw ends when digital content is supplied.
# Source: Article 16, first paragraph, point (m), of Directive 2011/83/EU.
_WAIVER = (
    "I want the digital content to be supplied at once, before the time to withdraw from the contract is over, and I"
    " know that I thereby lose my right to withdraw from it."
)
_WAIVER_ZH = "我希望在撤回合同的期限届满之前立即获得数字内容，并知道我因此失去撤回合同的权利。"


class LegalKind(StrEnum):
    """The terms of sale, and the sentence beside the box for digital goods."""

    TERMS = "terms"
    WAIVER = "waiver"


@dataclass(frozen=True, slots=True)
class Consent:
    """A box in the checkout: which version of which text. ``text`` is what stands beside it, empty for the terms."""

    kind: LegalKind
    version: int
    text: str


def find_text(kind: LegalKind) -> LegalText | None:
    """Return the newest version of a text."""
    statement = (
        select(LegalText).where(LegalText.kind == kind.value).order_by(LegalText.version.desc()).limit(1)
    )
    return db.session().scalar(statement)


def save_text(kind: LegalKind, body: str, chinese: str) -> int | None:
    """Add a version of a text in the current unit and return it, if it says something else than the newest one."""
    translations = {"zh": {"body": chinese}} if chinese else {}
    newest = find_text(kind)
    if newest is not None and (newest.body, newest.translations) == (body, translations):
        return None
    if newest is None and not body:
        return None
    version = 1 + (
        db.session().scalar(select(func.max(LegalText.version)).where(LegalText.kind == kind.value)) or 0
    )
    db.session().add(
        LegalText(kind=kind.value, version=version, body=body, translations=translations, created_at=now())
    )
    db.session().flush()
    return version


def default_waiver() -> tuple[str, str]:
    """Return the sentence beside the box for digital goods, in English and Chinese, as it is proposed."""
    return _WAIVER, _WAIVER_ZH


def consents(*, has_digital: bool) -> list[Consent]:
    """Return the boxes that the checkout shows: none, and no query, where the owner asks for nothing."""
    facts = legal_facts()
    wanted = [LegalKind.TERMS] if facts.asks_terms else []
    if facts.asks_waiver and has_digital:
        wanted.append(LegalKind.WAIVER)
    found = [(kind, find_text(kind)) for kind in wanted]
    return [
        Consent(kind, text.version, in_language(text, "body") if kind is LegalKind.WAIVER else "")
        for kind, text in found
        if text is not None and text.body
    ]
