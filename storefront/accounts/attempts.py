"""How often somebody may try: counted in the database, so that it holds across processes and restarts.

Each attempt is counted before its password is looked at, so that many at once gain nothing; one that was
right is taken back. What counts must run in a unit of work that is committed whatever the answer.
"""

from dataclasses import dataclass

from storefront.core.clock import timedelta
from storefront.web import throttle

QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

_ADDRESS_REGISTRATIONS = 60
_ADDRESS_TAKEN = 10
_ADDRESS_RESETS = 20
_EMAIL_RESETS = 3
_CODES_AN_HOUR = 5
_CODES_A_DAY = 10
_PASSWORD_CHECKS = 10


@dataclass(frozen=True, slots=True)
class Login:
    """One try to log in: for which account, from which address, and with which browser if that is known."""

    email: str
    address: str
    device: str | None


def admit_login(login: Login) -> bool:
    """Count a try to log in; False when there were too many.

    A known browser has a count of its own and no other, so that strangers' tries are not held against it.
    """
    return _admit(_buckets(login))


def forgive_login(login: Login) -> None:
    """Take the try back, because the password was right."""
    for name, key, _ceiling, per in _buckets(login):
        throttle.uncount(name, key, per=per)


def admit_registration(address: str) -> bool:
    """Count a registration; False when there were too many, or too many met an account that exists."""
    asked = throttle.counted("register_taken", address, per=HOUR)
    return _admit([("register", address, _ADDRESS_REGISTRATIONS, HOUR)]) and asked < _ADDRESS_TAKEN


def note_taken(address: str) -> None:
    """Count that somebody was told of an e-mail address that can't be registered."""
    throttle.count("register_taken", address, per=HOUR)


def admit_reset(address: str) -> bool:
    """Count a request for a reset mail by the visitor's address; the same for known and unknown accounts."""
    return _admit([("reset", address, _ADDRESS_RESETS, HOUR)])


def admit_reset_mail(email: str) -> bool:
    """Count a reset mail to this mailbox; False when it has had enough of them."""
    return _admit([("reset_mail", email, _EMAIL_RESETS, HOUR)])


def admit_code(account_id: int) -> bool:
    """Count a mail with a code: no mailbox is flooded, and no code guessed by having many of them made."""
    key = str(account_id)
    return _admit([("code", key, _CODES_AN_HOUR, HOUR), ("code_day", key, _CODES_A_DAY, DAY)])


def admit_password_check(account_id: int) -> bool:
    """Count a try at the current password by somebody who is logged in already."""
    return _admit([("password", str(account_id), _PASSWORD_CHECKS, QUARTER)])


def forgive_password_check(account_id: int) -> None:
    """Take the try back, because the password was right."""
    throttle.uncount("password", str(account_id), per=QUARTER)


def _buckets(login: Login) -> list[tuple[str, str, int, timedelta]]:
    if login.device:
        return [("login_device", f"{login.email} {login.device}", 10, QUARTER)]
    return [
        ("login", f"{login.email} {login.address}", 10, QUARTER),
        ("login_address", login.address, 50, QUARTER),
        ("login_email", login.email, 100, HOUR),
    ]


def _admit(buckets: list[tuple[str, str, int, timedelta]]) -> bool:
    """Count in every bucket, also after one that is full."""
    counts = [(throttle.count(name, key, per=per), ceiling) for name, key, ceiling, per in buckets]
    return all(count <= ceiling for count, ceiling in counts)
