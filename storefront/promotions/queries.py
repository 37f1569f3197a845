"""Reading codes, for a cart and for their owner."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, exists, or_, select

from storefront.catalog.models import Category, Collection, CollectionProduct, Product
from storefront.core import db
from storefront.core.clock import datetime
from storefront.promotions.models import CodeScope, DiscountCode
from storefront.promotions.states import CodeKind

MOST_LISTED = 500


class CodeRow(NamedTuple):
    """A code as it stands in the database now."""

    id: int
    code: str
    key: str
    kind: CodeKind
    percent: int | None
    amounts: dict[str, int]
    minimums: dict[str, int]
    is_scoped: bool
    starts_at: datetime | None
    ends_at: datetime | None
    most_uses: int | None
    most_per_customer: int | None
    used: int
    disabled_at: datetime | None


class ScopeNames(NamedTuple):
    """What a code covers, as its owner names it: slugs of products, categories and collections."""

    products: tuple[str, ...]
    categories: tuple[str, ...]
    collections: tuple[str, ...]


EVERYTHING = ScopeNames((), (), ())


def find_code(key: str) -> CodeRow | None:
    """Return the code with that spelling (1 query)."""
    row = db.execute(_BY_KEY, {"key": key}).one_or_none()
    return CodeRow._make(row) if row else None


def covered(code: CodeRow, product_ids: Iterable[int]) -> frozenset[int] | None:
    """Return which of the products a code covers (1 query), or None when it covers everything."""
    if not code.is_scoped:
        return None
    found = db.execute(_COVERED, {"code": code.id, "products": list(product_ids)})
    return frozenset(product_id for (product_id,) in found)


def list_codes() -> list[DiscountCode]:
    """Return the codes, the newest first."""
    statement = select(DiscountCode).order_by(DiscountCode.id.desc()).limit(MOST_LISTED)
    return list(db.session().scalars(statement))


def scope_names(code_id: int) -> ScopeNames:
    """Return what a code covers by name (3 queries)."""
    return ScopeNames(
        _slugs(Product, CodeScope.product_id, code_id),
        _slugs(Category, CodeScope.category_id, code_id),
        _slugs(Collection, CodeScope.collection_id, code_id),
    )


def _slugs(model: Any, column: Any, code_id: int) -> tuple[str, ...]:
    statement = select(model.slug).join(CodeScope, column == model.id).where(CodeScope.code_id == code_id)
    return tuple(db.session().scalars(statement.order_by(model.slug)))


def _covered_statement() -> Select[Any]:
    """Whatever lies below a category is covered with it."""
    named = select(CodeScope.category_id.label("id")).where(
        CodeScope.code_id == bindparam("code"), CodeScope.category_id.is_not(None)
    )
    shelves = named.cte("shelves", recursive=True)
    shelves = shelves.union(select(Category.id).join(shelves, Category.parent_id == shelves.c.id))
    by_product = exists().where(CodeScope.code_id == bindparam("code"), CodeScope.product_id == Product.id)
    by_collection = exists().where(
        CodeScope.code_id == bindparam("code"),
        CodeScope.collection_id == CollectionProduct.collection_id,
        CollectionProduct.product_id == Product.id,
    )
    return select(Product.id).where(
        Product.id.in_(bindparam("products", expanding=True)),
        or_(by_product, by_collection, Product.category_id.in_(select(shelves.c.id))),
    )


_COVERED = _covered_statement()
_BY_KEY = select(*(DiscountCode.__table__.c[name] for name in CodeRow._fields)).where(
    DiscountCode.__table__.c.key == bindparam("key")
)
