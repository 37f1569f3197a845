"""Making and changing codes, and counting their uses."""

import secrets
from dataclasses import dataclass, field

from sqlalchemy import bindparam, delete, or_, select, update
from sqlalchemy.exc import IntegrityError

from storefront.catalog.models import Category, Collection, Product
from storefront.catalog.service.mistakes import InvalidField
from storefront.core import db
from storefront.core.clock import datetime, now
from storefront.core.errors import N_
from storefront.core.ids import READABLE_LETTERS
from storefront.journal.service import write as journal
from storefront.promotions.models import CodeScope, DiscountCode
from storefront.promotions.queries import EVERYTHING, ScopeNames, scope_names
from storefront.promotions.spelling import LONGEST, key_of
from storefront.promotions.states import CodeKind

TOPIC = "codes"


@dataclass(frozen=True, slots=True)
class CodeInput:
    """A code as the owner wants it; ``percent`` in hundredths, amounts in minor units by currency."""

    code: str
    kind: CodeKind
    percent: int | None = None
    amounts: dict[str, int] = field(default_factory=dict)
    minimums: dict[str, int] = field(default_factory=dict)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    most_uses: int | None = None
    most_per_customer: int | None = None
    note: str = ""
    scope: ScopeNames = EVERYTHING


def get(code_id: int, *, for_update: bool = False) -> DiscountCode:
    """Return a code.

    Raises:
        NotFound: there is none.
    """
    return db.get_or_404(DiscountCode, DiscountCode.id == code_id, for_update=for_update)


def new_code() -> str:
    """Return a code that is easily read aloud and not easily guessed."""
    return "".join(secrets.choice(READABLE_LETTERS) for _ in range(8))


def create(wanted: CodeInput) -> DiscountCode:
    """Add a code in the current unit.

    Raises:
        InvalidField: it is taken, or names something to cover that there is not.
    """
    code = DiscountCode(used=0)
    _fill(code, wanted)
    db.session().add(code)
    _flush()
    _set_scope(code, wanted.scope)
    journal(TOPIC, "code.created", code=code.code)
    return code


def save(code: DiscountCode, wanted: CodeInput) -> None:
    """Change a locked code in the current unit; what it was used for stays as it was.

    Raises:
        InvalidField: it is taken, names something that there is not, or is limited below what is used already.
    """
    if wanted.most_uses is not None and wanted.most_uses < code.used:
        raise InvalidField(
            "most_uses", N_("It has been used %(used)s times already. Disable it to end it."), used=code.used
        )
    before = _facts(code)
    _fill(code, wanted)
    _flush()
    had = scope_names(code.id)
    if had != wanted.scope:
        _set_scope(code, wanted.scope)
    after = _facts(code)
    changed = {name: [before[name], value] for name, value in after.items() if before[name] != value}
    if had != wanted.scope:
        changed["scope"] = [_told(had), _told(wanted.scope)]
    if changed:
        journal(TOPIC, "code.saved", code=code.code, changed=changed)


def disable(code: DiscountCode) -> None:
    """Let it count no more; orders that hold it keep it."""
    if code.disabled_at is None:
        code.disabled_at = now()
        journal(TOPIC, "code.disabled", code=code.code)


def enable(code: DiscountCode) -> None:
    """Let it count again."""
    if code.disabled_at is not None:
        code.disabled_at = None
        journal(TOPIC, "code.enabled", code=code.code)


def claim(code_id: int) -> bool:
    """Count one use more, if there is one left; the code's row is held until the end of the unit.

    The guarded update decides between buyers: exactly as many as may use it get through.
    """
    return bool(db.execute(_CLAIM, {"of_code": code_id}).rowcount)


def give_back(code_id: int) -> None:
    """Count one use less, because an order that held it came to nothing."""
    db.execute(_GIVE_BACK, {"of_code": code_id})


def _fill(code: DiscountCode, wanted: CodeInput) -> None:
    key = key_of(wanted.code)
    if not key:
        raise InvalidField("code", N_("Use letters, digits and dashes, such as SPRING-20."))
    code.code, code.key, code.kind = wanted.code.strip()[:LONGEST], key, wanted.kind
    code.percent = wanted.percent if wanted.kind is CodeKind.PERCENT else None
    code.amounts = wanted.amounts if wanted.kind is CodeKind.AMOUNT else {}
    code.minimums, code.note = wanted.minimums, wanted.note
    code.starts_at, code.ends_at = wanted.starts_at, wanted.ends_at
    code.most_uses, code.most_per_customer = wanted.most_uses, wanted.most_per_customer


def _flush() -> None:
    try:
        db.session().flush()
    except IntegrityError as error:
        if "key" in db.constraint_of(error):
            raise InvalidField("code", N_("There is such a code already.")) from error
        raise


def _set_scope(code: DiscountCode, scope: ScopeNames) -> None:
    session = db.session()
    session.execute(delete(CodeScope).where(CodeScope.code_id == code.id))
    code.is_scoped = any(scope)
    for model, column, name, slugs in (
        (Product, "product_id", "products", scope.products),
        (Category, "category_id", "categories", scope.categories),
        (Collection, "collection_id", "collections", scope.collections),
    ):
        found = dict(session.execute(select(model.slug, model.id).where(model.slug.in_(slugs))).all())
        for slug in slugs:
            if slug not in found:
                raise InvalidField(name, N_("There is no such thing in the shop: %(slug)s."), slug=slug)
            session.add(CodeScope(code_id=code.id, **{column: found[slug]}))
    session.flush()


def _facts(code: DiscountCode) -> dict[str, object]:
    moments = {"starts_at": code.starts_at, "ends_at": code.ends_at}
    return {
        "name": code.code,
        "kind": str(code.kind),
        "percent": code.percent,
        "amounts": dict(code.amounts),
        "minimums": dict(code.minimums),
        "most_uses": code.most_uses,
        "most_per_customer": code.most_per_customer,
        "note": code.note,
        **{name: moment.isoformat() if moment else None for name, moment in moments.items()},
    }


def _told(scope: ScopeNames) -> str:
    return ", ".join([*scope.products, *scope.categories, *scope.collections])


_table = DiscountCode.__table__.c
_CLAIM = (
    update(DiscountCode.__table__)  # type: ignore[arg-type]  # a Table, whatever the declarative base says
    .where(
        _table.id == bindparam("of_code"),
        _table.disabled_at.is_(None),
        or_(_table.most_uses.is_(None), _table.used < _table.most_uses),
    )
    .values(used=_table.used + 1)
)
_GIVE_BACK = (
    update(DiscountCode.__table__)  # type: ignore[arg-type]  # a Table, whatever the declarative base says
    .where(_table.id == bindparam("of_code"), _table.used > 0)
    .values(used=_table.used - 1)
)
