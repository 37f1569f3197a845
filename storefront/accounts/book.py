"""The address book of an account: its places, one of which may be the default."""

from sqlalchemy import func, select, update

from storefront.accounts.models import Account, SavedAddress
from storefront.accounts.places import FIELDS, Address
from storefront.core import db
from storefront.core.errors import N_, Refused
from storefront.journal.service import write as journal

MOST = 30


class BookFull(Refused):
    """Nobody needs so many addresses; whoever makes more is a program."""

    sentence = N_("An address book holds at most 30 addresses. Please remove one first.")


def addresses_of(account_id: int) -> list[SavedAddress]:
    """Return the addresses of an account, the default first, then the newest (1 query)."""
    statement = select(SavedAddress).where(SavedAddress.account_id == account_id)
    order = (SavedAddress.is_default.desc(), SavedAddress.id.desc())
    return list(db.session().scalars(statement.order_by(*order)))


def get_address(account_id: int, public_id: str, *, for_update: bool = False) -> SavedAddress:
    """Return one address of the account.

    Raises:
        NotFound: there is none, or it is somebody else's; the answer is the same.
    """
    conditions = (SavedAddress.public_id == public_id, SavedAddress.account_id == account_id)
    return db.get_or_404(SavedAddress, *conditions, for_update=for_update)


def keep(account_id: int, address: Address, *, is_default: bool = False) -> SavedAddress:
    """Add a cleaned address; the same one twice is one. The first is the default.

    Raises:
        BookFull: there are as many as one can have.
    """
    _lock(account_id)
    known = addresses_of(account_id)
    same = next((saved for saved in known if saved.address == address), None)
    if same is None:
        if len(known) >= MOST:
            raise BookFull
        same = SavedAddress(account_id=account_id, **_columns(address))
        db.session().add(same)
        db.session().flush()
        journal(f"account:{account_id}", "address.saved")
    if is_default or not known:
        make_default(same)
    return same


def change(saved: SavedAddress, address: Address) -> None:
    """Set all fields of a locked address."""
    for name, value in _columns(address).items():
        setattr(saved, name, value)
    db.session().flush()
    journal(f"account:{saved.account_id}", "address.saved")


def make_default(saved: SavedAddress) -> None:
    """Make this the address that checkouts begin with; no other is."""
    _lock(saved.account_id)
    others = (SavedAddress.account_id == saved.account_id, SavedAddress.id != saved.id)
    db.session().execute(update(SavedAddress).where(*others).values(is_default=False))
    saved.is_default = True
    db.session().flush()


def remove(saved: SavedAddress) -> None:
    """Delete an address; orders keep theirs. If it was the default, the newest of the others is."""
    account_id = saved.account_id
    _lock(account_id)
    db.session().delete(saved)
    db.session().flush()
    journal(f"account:{account_id}", "address.removed")
    rest = addresses_of(account_id)
    if rest and not rest[0].is_default:
        make_default(rest[0])


def count_of(account_id: int) -> int:
    """Return how many addresses the account has."""
    statement = select(func.count()).where(SavedAddress.account_id == account_id)
    return int(db.session().scalar(statement) or 0)


def _lock(account_id: int) -> None:
    """Changes of one book take turns, so that two windows can't make two defaults."""
    db.session().execute(select(Account.id).where(Account.id == account_id).with_for_update(key_share=True))


def _columns(address: Address) -> Address:
    return {name: address.get(name, "") for name in FIELDS}
