"""The pool of a content: keys that the owner imported, each given to one buyer only."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update

from storefront.accounts.owners import tell_owners
from storefront.catalog.models import Content, Product
from storefront.catalog.service.editing import topic_of
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.errors import N_, ShopError
from storefront.core.faults import reach
from storefront.core.ids import new_public_id
from storefront.fulfilment.inserting import insert_once
from storefront.fulfilment.models import Entitlement, KeyState, LicenceKey
from storefront.fulfilment.places import own_places
from storefront.jobs.service import enqueue
from storefront.journal import service as journal
from storefront.licensing.models import ImportState, KeyImport

LOW = "licence_pool_low"
EMPTY = "licence_pool_empty"
# Delivers what an order lacks; done by checkout, which knows what follows.
DELIVER = "deliver_keys"
IMPORT = "import_keys"

LONGEST_KEY = 120
MOST_KEYS = 100_000
MOST_BYTES = 5_000_000
_BATCH = 500
_EXAMPLES = 10


class NoKeys(ShopError):
    """What was sent holds no key that could be imported."""

    status = 422
    sentence = N_("There is no new key in it.")


class TooManyKeys(ShopError):
    """More than a pool takes at once."""

    status = 422
    sentence = N_("That is too much at once. Please import at most %(most)s keys at a time.")


@dataclass(frozen=True, slots=True)
class PoolCount:
    """How many keys of a content are free, with buyers (active or suspended), and burnt."""

    free: int = 0
    given: int = 0
    burnt: int = 0


def take(entitlement: Entitlement, content: Content, position: int) -> bool:
    """Give the oldest free key for a unit that was bought, in the current unit; False when the pool is empty.

    Who gives from a pool holds its content, so that two never see the same key, and an empty pool is really empty.
    """
    _hold(content)
    oldest = (
        select(LicenceKey.id)
        .where(LicenceKey.content_id == content.id, LicenceKey.state == KeyState.FREE)
        .order_by(LicenceKey.id)
        .limit(1)
        .scalar_subquery()
    )
    taken = db.session().scalar(
        update(LicenceKey)
        .where(LicenceKey.id == oldest, LicenceKey.state == KeyState.FREE)
        .values(state=KeyState.ACTIVE, entitlement_id=entitlement.id, position=position, issued_at=now())
        .returning(LicenceKey.id)
        .execution_options(synchronize_session=False)
    )
    reach("licensing.key_taken")
    _watch_level(content)
    return taken is not None


def counts(content_ids: Iterable[int]) -> dict[int, PoolCount]:
    """Return how many keys there are of each content (one query)."""
    statement = (
        select(LicenceKey.content_id, LicenceKey.state, func.count())
        .where(LicenceKey.content_id.in_(list(content_ids)))
        .group_by(LicenceKey.content_id, LicenceKey.state)
    )
    found: dict[int, dict[KeyState, int]] = {}
    for content_id, state, number in db.session().execute(statement):
        found.setdefault(content_id, {})[state] = number
    return {
        content_id: PoolCount(
            free=states.get(KeyState.FREE, 0),
            given=states.get(KeyState.ACTIVE, 0) + states.get(KeyState.SUSPENDED, 0),
            burnt=states.get(KeyState.BURNT, 0),
        )
        for content_id, states in found.items()
    }


def look_at(content: Content, text: str) -> KeyImport:
    """Write down what a text would bring into the pool, without bringing it. Must run in a unit.

    The text has a key a line, or is a table (CSV) with the keys in its first column; a heading ``key`` is left out.

    Raises:
        NoKeys: there is nothing new in it.
        TooManyKeys: it is too long.
    """
    try:
        keys, odd, repeated, lines = _read(text)
    except csv.Error as error:  # a line longer than any table has
        raise NoKeys from error
    if len(keys) > MOST_KEYS:
        raise TooManyKeys(most=MOST_KEYS)
    known = _known_among(keys)
    fresh = [key for key in keys if key not in known]
    if not fresh:
        raise NoKeys
    left_out = [*odd, *repeated, *(key for key in keys if key in known)]
    looked = KeyImport(
        content_id=content.id,
        keys="\n".join(fresh),
        lines=lines,
        repeated=len(repeated),
        known=len(known),
        odd=len(odd),
        examples="\n".join(each[:LONGEST_KEY] for each in left_out[:_EXAMPLES]),
        total=len(fresh),
    )
    db.session().add(looked)
    db.session().flush()
    return looked


def begin_import(content: Content, public_id: str) -> KeyImport:
    """Have the worker bring in what was looked at; a second click changes nothing.

    Raises:
        NotFound: nothing of that name was looked at.
    """
    wanted = get_import(content, public_id, for_update=True)
    if wanted.state is ImportState.LOOKED_AT:
        wanted.state = ImportState.RUNNING
        enqueue(IMPORT, unique_key=f"{IMPORT}:{wanted.id}", import_id=wanted.id)
    return wanted


def get_import(content: Content, public_id: str, *, for_update: bool = False) -> KeyImport:
    """Return an import of keys for a content.

    Raises:
        NotFound: it has none of that name.
    """
    return db.get_or_404(
        KeyImport,
        KeyImport.public_id == public_id,
        KeyImport.content_id == content.id,
        for_update=for_update,
    )


def run_import(import_id: int) -> None:
    """Bring the keys in, some hundred in a unit; killed and begun again it goes on where it was."""
    while _bring_batch(import_id):
        reach("licensing.batch_brought")


def forget_looks() -> None:
    """Delete what was looked at a day ago and never brought in: keys should lie nowhere without need.

    Must run in a unit.
    """
    db.session().execute(
        delete(KeyImport).where(
            KeyImport.state == ImportState.LOOKED_AT, KeyImport.created_at < now() - timedelta(days=1)
        )
    )


def throw_away_free(product: Product, content: Content) -> int:
    """Empty the pool; return how many keys that were. What buyers have stays."""
    gone = db.session().execute(
        delete(LicenceKey).where(LicenceKey.content_id == content.id, LicenceKey.state == KeyState.FREE)
    )
    number = int(gone.rowcount)  # type: ignore[attr-defined]  # CursorResult
    if number:
        journal.write(topic_of(product), "keys.thrown_away", title=content.title, number=number)
    return number


def deliver_waiting(content: Content) -> None:
    """Have the orders that wait for keys of this content delivered, the oldest first. Must run in a unit."""
    for order_id in _waiting_orders(content):
        enqueue(DELIVER, topic=f"order:{order_id}", order_id=order_id)


def count_waiting(content: Content) -> int:
    """Return how many orders wait for keys of this content."""
    return len(_waiting_orders(content))


def _waiting_orders(content: Content) -> list[int]:
    given = (
        select(func.count())
        .select_from(LicenceKey)
        .where(
            LicenceKey.entitlement_id == Entitlement.id,
            LicenceKey.content_id == content.id,
            LicenceKey.position.is_not(None),
        )
        .scalar_subquery()
    )
    waiting = (
        select(Entitlement.order_id)
        .where(
            Entitlement.product_id == content.product_id,
            Entitlement.revoked_at.is_(None),
            own_places() > given,
        )
        .group_by(Entitlement.order_id)
        .order_by(func.min(Entitlement.id))
    )
    if content.variant_id is not None:
        waiting = waiting.where(Entitlement.variant_id == content.variant_id)
    return list(db.session().scalars(waiting))


def _hold(content: Content) -> None:
    db.session().execute(select(Content.id).where(Content.id == content.id).with_for_update(key_share=True))


def _watch_level(content: Content) -> None:
    """Tell the owner when few are left, and when none is: once each until keys are imported again."""
    free = select(LicenceKey.id).where(LicenceKey.content_id == content.id, LicenceKey.state == KeyState.FREE)
    left = db.session().scalar(
        select(func.count()).select_from(free.limit(content.low_pool_at + 1).subquery())
    )
    if left is None or left > content.low_pool_at:
        return
    size = db.session().scalar(
        select(func.count())
        .select_from(LicenceKey)
        .where(LicenceKey.content_id == content.id, LicenceKey.from_pool)
    )
    tell_owners(LOW if left else EMPTY, f"{content.id}:{size}", content_id=content.id)


def _bring_batch(import_id: int) -> bool:
    """Bring in the next keys, and say so in the same unit; False when that were the last."""
    with db.unit_of_work() as session:
        running = db.get_or_404(KeyImport, KeyImport.id == import_id, for_update=True)
        if running.state is not ImportState.RUNNING:
            return False
        keys = running.keys.split("\n") if running.keys else []
        content = session.get_one(Content, running.content_id)
        for key in keys[:_BATCH]:
            running.added += _add(content, key)
        running.done += len(keys[:_BATCH])
        running.keys = "\n".join(keys[_BATCH:])
        if keys[_BATCH:]:
            return True
        _finish(running, content)
        return False


def _finish(running: KeyImport, content: Content) -> None:
    running.state, running.finished_at, running.examples = ImportState.DONE, now(), ""
    # An order that finds the pool empty at this moment either is seen below as waiting, or waits here for the keys.
    _hold(content)
    product = db.session().get_one(Product, content.product_id)
    journal.write(topic_of(product), "keys.imported", title=content.title, number=running.added)
    deliver_waiting(content)


def _add(content: Content, key: str) -> int:
    values = {
        "public_id": new_public_id(),
        "content_id": content.id,
        "key": key,
        "state": KeyState.FREE,
        "from_pool": True,
        "issued_at": None,
    }
    return 1 if insert_once(LicenceKey, values) is not None else 0


def _read(text: str) -> tuple[list[str], list[str], list[str], int]:
    """Return the keys once each, lines that are none, keys that came again, and the number of lines."""
    keys: dict[str, None] = {}
    odd, repeated, lines = [], [], 0
    for cell in _first_cells(text):
        lines += 1
        if not is_key(cell):
            odd.append(cell)
        elif cell in keys:
            repeated.append(cell)
        else:
            keys[cell] = None
    return list(keys), odd, repeated, lines


def is_key(text: str) -> bool:
    """Whether this can be a key: some printable signs without spaces around them."""
    return 0 < len(text) <= LONGEST_KEY and text.isprintable() and text == text.strip()


def _first_cells(text: str) -> Iterator[str]:
    """Return the first cell of each line; a line of a text file is a table of one column."""
    plain = text.removeprefix("\ufeff").replace("\x00", "")
    first = plain.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(plain, newline=""), delimiter=separator)
    for number, row in enumerate(rows):
        cell = row[0].strip() if row else ""
        if cell and not (number == 0 and cell.casefold() in ("key", "keys", "licence key", "license key")):
            yield cell


def _known_among(keys: list[str]) -> set[str]:
    known: set[str] = set()
    for start in range(0, len(keys), _BATCH):
        part = keys[start : start + _BATCH]
        known |= set(db.session().scalars(select(LicenceKey.key).where(LicenceKey.key.in_(part))))
    return known
