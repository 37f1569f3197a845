"""Finding what belongs beside a product. Nothing is written here, and nothing grows with the size of the shop."""

from collections import Counter
from typing import Any

from sqlalchemy import bindparam, func, select

from storefront.catalog.models import Product, ProductTag
from storefront.catalog.queries import published
from storefront.core import db
from storefront.core.clock import now
from storefront.orders.models import Order, OrderLine
from storefront.orders.states import PaymentState

# What is kept of each kind; pages show fewer, since some of these may be gone by then.
MOST_KEPT = 6
# So many of the latest products of a tag or category, and of the latest orders of a product, are looked at.
_WINDOW = 100
_LATEST_ORDERS = 1000
# Once or by chance is no habit.
_LEAST_ORDERS = 2
_MOST_CANDIDATES = 24
_TAG_WEIGHT, _CATEGORY_WEIGHT = 2, 1
# Windows that one walk remembers; each holds some hundred numbers.
_MOST_WINDOWS = 2000

_product, _given = Product.__table__.c, ProductTag.__table__.c
_line, _order = OrderLine.__table__, Order.__table__


class Alike:
    """Finds products by common tags and category, with what one walk need not ask twice."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, int], list[int]] = {}

    def find(self, product_ids: list[int]) -> dict[int, list[int]]:
        """Return for each product the ids of the published ones most like it, best first.

        Costs three statements and one for each tag and category that was not met yet in this walk.
        """
        categories = dict(db.session().execute(_CATEGORIES, {"ids": product_ids, "now": now()}).all())
        tags: dict[int, list[int]] = {}
        for product_id, tag_id in db.session().execute(_TAGS, {"ids": list(categories)}):
            tags.setdefault(product_id, []).append(tag_id)
        found = {
            product_id: self._candidates(product_id, category_id, tags.get(product_id, []))
            for product_id, category_id in categories.items()
        }
        return _only_published(found)

    def _candidates(self, product_id: int, category_id: int | None, tag_ids: list[int]) -> list[int]:
        scores: Counter[int] = Counter()
        for tag_id in tag_ids:
            for other_id in self._window("tag", tag_id):
                scores[other_id] += _TAG_WEIGHT
        if category_id is not None:
            for other_id in self._window("category", category_id):
                scores[other_id] += _CATEGORY_WEIGHT
        scores.pop(product_id, None)
        return sorted(scores, key=lambda other_id: (-scores[other_id], -other_id))[:_MOST_CANDIDATES]

    def _window(self, what: str, its_id: int) -> list[int]:
        """Return the latest products of a tag or category."""
        key = (what, its_id)
        if key not in self._windows:
            if len(self._windows) >= _MOST_WINDOWS:
                self._windows.clear()
            statement = _LATEST_OF_TAG if what == "tag" else _LATEST_OF_CATEGORY
            self._windows[key] = list(db.session().scalars(statement, {"id": its_id, "now": now()}))
        return self._windows[key]


def find_bought_with(product_ids: list[int]) -> dict[int, list[int]]:
    """Return for each product the ids of the published ones that stand in at least two paid orders with it.

    Orders of which money went back do not count. Costs a statement for each product, over its latest thousand orders.
    """
    found = {
        product_id: list(db.session().scalars(_BOUGHT_WITH, {"id": product_id})) for product_id in product_ids
    }
    return _only_published(found)


def next_sold(after: int, size: int) -> list[int]:
    """Return the next products that were ever ordered, by their ids."""
    return list(db.session().scalars(_SOLD, {"after": after, "size": size}))


def next_products(after: int, size: int) -> list[int]:
    """Return the next products, whatever their state."""
    return list(db.session().scalars(_PRODUCTS, {"after": after, "size": size}))


def _only_published(found: dict[int, list[int]]) -> dict[int, list[int]]:
    wanted = sorted({other_id for others in found.values() for other_id in others})
    shown: set[int] = set()
    for start in range(0, len(wanted), 1000):
        shown.update(db.session().scalars(_SHOWN, {"ids": wanted[start : start + 1000], "now": now()}).all())
    return {
        product_id: [other_id for other_id in others if other_id in shown][:MOST_KEPT]
        for product_id, others in found.items()
    }


def _ids(name: str = "ids") -> Any:
    return bindparam(name, expanding=True)


_CATEGORIES = select(_product.id, _product.category_id).where(
    _product.id.in_(_ids()), *published(bindparam("now"))
)
_TAGS = select(_given.product_id, _given.tag_id).where(_given.product_id.in_(_ids()))
_SHOWN = select(_product.id).where(_product.id.in_(_ids()), *published(bindparam("now")))
_PRODUCTS = (
    select(_product.id).where(_product.id > bindparam("after")).order_by(_product.id).limit(bindparam("size"))
)
_LATEST_OF_TAG = (
    select(_given.product_id)
    .where(_given.tag_id == bindparam("id"))
    .order_by(_given.product_id.desc())
    .limit(_WINDOW)
)
_LATEST_OF_CATEGORY = (
    select(_product.id)
    .where(_product.category_id == bindparam("id"), *published(bindparam("now")))
    .order_by(_product.published_at.desc(), _product.id.desc())
    .limit(_WINDOW)
)
_SOLD = (
    select(_line.c.product_id)
    .where(_line.c.product_id > bindparam("after"))
    .group_by(_line.c.product_id)
    .order_by(_line.c.product_id)
    .limit(bindparam("size"))
)
_mine = (
    select(_line.c.order_id)
    .join(_order, _order.c.id == _line.c.order_id)
    .where(_line.c.product_id == bindparam("id"), _order.c.payment_state == PaymentState.PAID)
    .order_by(_line.c.id.desc())
    .limit(_LATEST_ORDERS)
    .subquery()
)
_with = _line.alias("beside")
_times = func.count(_with.c.order_id.distinct())
_BOUGHT_WITH = (
    select(_with.c.product_id)
    .join(_mine, _mine.c.order_id == _with.c.order_id)
    .where(_with.c.product_id != bindparam("id"))
    .group_by(_with.c.product_id)
    .having(_times >= _LEAST_ORDERS)
    .order_by(_times.desc(), _with.c.product_id.desc())
    .limit(_MOST_CANDIDATES)
)
