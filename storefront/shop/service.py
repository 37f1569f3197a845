"""Reading and changing what the shop says of itself."""

import time
from dataclasses import dataclass
from typing import NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, select

from storefront.core import db
from storefront.core.clock import now
from storefront.shop.models import DEFAULT_NAME, DEFAULTS, ShopMark, ShopProfile
from storefront.shop.states import Reminder
from storefront.web.language import in_language

_KEEP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ShopView:
    """The shop in one language, as pages and mails name it."""

    name: str
    tagline: str
    about: str
    refund_policy: str
    contact_email: str
    currency: str
    currencies: tuple[str, ...]
    transfer_details: str = ""
    transfer_days: int = 7
    reminder: Reminder = Reminder.OFF


@dataclass(frozen=True, slots=True)
class ProfileInput:
    """The shop's words as the owner wants them; empty translations are taken out."""

    name: str
    tagline: str
    about: str
    refund_policy: str
    contact_email: str
    currency: str
    translations: dict[str, dict[str, str]]
    review_reminder_days: int = 10
    expiry_notice_days: int = 7
    sharing_places: int = 10
    other_currencies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TaxFacts:
    """How the shop deals with tax: ``mode`` off, rates or stripe, and the version of its table of rates."""

    mode: str
    is_included: bool
    country: str
    version: int


@dataclass(frozen=True, slots=True)
class LegalFacts:
    """What the law asks of the pages: a way to withdraw, and boxes in the checkout."""

    offers_withdrawal: bool
    asks_terms: bool
    asks_waiver: bool


# It never changes, so that a process reads it once from each database.
_marks: WeakKeyDictionary[Engine, str] = WeakKeyDictionary()
_known: tuple[float, "_Known"] | None = None
_forgotten = 0


def get_profile() -> ShopProfile:
    """Return the shop's row within the current session, for changing it; made at the first need."""
    profile = db.session().get(ShopProfile, 1)
    if profile is None:
        profile = ShopProfile(**DEFAULTS)
        if db.in_unit():
            db.session().add(profile)
    return profile


def save_profile(wanted: ProfileInput) -> dict[str, list[str]]:
    """Change the shop's words in the current unit; return what changed as ``{field: [before, after]}``.

    Whether the currency may still change is for the caller to know: amounts are not converted.
    """
    profile = get_profile()
    changed = {}
    for name in (
        "name", "tagline", "about", "refund_policy", "contact_email", "currency", "review_reminder_days",
        "expiry_notice_days", "sharing_places",
    ):  # fmt: skip
        before, after = getattr(profile, name), getattr(wanted, name)
        if before != after:
            changed[name] = [before, after]
            setattr(profile, name, after)
    others = [code for code in dict.fromkeys(wanted.other_currencies) if code != wanted.currency]
    if others != (profile.other_currencies or []):
        changed["other_currencies"] = [profile.other_currencies or [], others]
        profile.other_currencies = others or None
    texts_of = {
        language: {**profile.translations.get(language, {}), **texts}
        for language, texts in wanted.translations.items()
    }
    profile.translations = {
        language: {name: text for name, text in texts.items() if text}
        for language, texts in {**profile.translations, **texts_of}.items()
    }
    db.session().flush()
    db.after_commit(forget)
    return changed


def save_transfer(details: str, details_zh: str, days: int) -> dict[str, list[str]]:
    """Set in the current unit where money by bank goes (no words: not offered) and how long orders wait for it.

    Returns what changed as ``{field: [before, after]}``.
    """
    profile = get_profile()
    texts = {**profile.translations.get("zh", {}), "transfer_details": details_zh}
    wanted = {
        "transfer_details": details,
        "transfer_days": days,
        "translations": {**profile.translations, "zh": {name: text for name, text in texts.items() if text}},
    }
    changed = {
        name: [getattr(profile, name), value]
        for name, value in wanted.items()
        if getattr(profile, name) != value
    }
    for name, value in wanted.items():
        setattr(profile, name, value)
    db.session().flush()
    db.after_commit(forget)
    return changed


def note_backup() -> None:
    """Note in the current unit that the owner has seen to a backup."""
    get_profile().backup_noted_at = now()


def shop_view(language: str) -> ShopView:
    """Return the shop's words in that language. A process looks at most once a second."""
    profile = _profile_known()
    view = profile.views.get(language)
    if view is None:
        view = profile.views[language] = ShopView(
            name=in_language(profile, "name", language),
            tagline=in_language(profile, "tagline", language),
            about=in_language(profile, "about", language),
            refund_policy=in_language(profile, "refund_policy", language),
            contact_email=profile.contact_email,
            currency=profile.currency,
            currencies=_currencies_of(profile),
            reminder=profile.recovery,
            transfer_details=in_language(profile, "transfer_details", language),
            transfer_days=profile.transfer_days,
        )
    return view


def currency() -> str:
    """Return the shop's currency."""
    return _profile_known().currency or "EUR"


def currencies() -> tuple[str, ...]:
    """Return all currencies in which customers may pay, the shop's own first."""
    return _currencies_of(_profile_known())


def tax_facts() -> TaxFacts:
    """Return how the shop deals with tax."""
    known = _profile_known()
    return TaxFacts(known.tax_mode, known.prices_include_tax, known.country, known.tax_version)


def save_tax_facts(mode: str, country: str, *, is_included: bool) -> dict[str, list[object]]:
    """Change how the shop deals with tax in the current unit; return what changed as ``{field: [before, after]}``."""
    return _change(tax_mode=mode, country=country, prices_include_tax=is_included)


def raise_tax_version() -> None:
    """Say in the current unit that the table of rates has changed."""
    profile = get_profile()
    profile.tax_version = (profile.tax_version or 0) + 1
    db.after_commit(forget)


def legal_facts() -> LegalFacts:
    """Return what the law asks of the pages."""
    known = _profile_known()
    return LegalFacts(known.offers_withdrawal, known.asks_terms, known.asks_waiver)


def save_legal_facts(wanted: LegalFacts) -> dict[str, list[object]]:
    """Change the same in the current unit; return what changed."""
    return _change(
        offers_withdrawal=wanted.offers_withdrawal,
        asks_terms=wanted.asks_terms,
        asks_waiver=wanted.asks_waiver,
    )


def _change(**wanted: object) -> dict[str, list[object]]:
    profile = get_profile()
    changed = {name: [getattr(profile, name), value] for name, value in wanted.items()}
    for name, value in wanted.items():
        setattr(profile, name, value)
    db.session().flush()
    db.after_commit(forget)
    return {name: both for name, both in changed.items() if both[0] != both[1]}


def shop_mark() -> str:
    """Return the random id of this shop, by which it knows its own payments at Stripe."""
    engine = db.engine()
    if engine not in _marks:
        _marks[engine] = db.session().scalars(select(ShopMark.mark)).one()
    return _marks[engine]


def forget() -> None:
    """Read the row again at the next need, because this process has changed it."""
    global _known, _forgotten  # a memo of this process
    _forgotten += 1
    _known = None


def _currencies_of(profile: "_Known") -> tuple[str, ...]:
    return (profile.currency or "EUR", *(profile.other_currencies or ()))


class _Known(NamedTuple):
    name: str
    tagline: str
    about: str
    refund_policy: str
    contact_email: str
    currency: str
    other_currencies: list[str] | None
    translations: dict[str, dict[str, str]]
    recovery: Reminder
    tax_mode: str
    prices_include_tax: bool
    country: str
    tax_version: int
    offers_withdrawal: bool
    asks_terms: bool
    asks_waiver: bool
    transfer_details: str
    transfer_days: int
    # What was made of it, by language.
    views: dict[str, ShopView]


_UNNAMED = _Known(
    DEFAULT_NAME, "", "", "", "", "EUR", None, {}, Reminder.OFF, "off", True, "", 0, True, False, False, "", 7, {}
)  # fmt: skip


def _profile_known() -> _Known:
    global _known  # a memo of this process
    clock, known, forgotten = time.monotonic(), _known, _forgotten
    if known is not None and clock - known[0] <= _KEEP_SECONDS:
        return known[1]
    row = db.execute(_PROFILE).one_or_none()
    profile = _Known._make((*row, {})) if row else _UNNAMED._replace(views={})
    if forgotten == _forgotten:  # else it was changed while it was read, so what was read may be old already
        _known = (clock, profile)
    return profile


_PROFILE = select(*(ShopProfile.__table__.c[name] for name in _Known._fields[:-1])).where(
    ShopProfile.__table__.c.id == 1
)
