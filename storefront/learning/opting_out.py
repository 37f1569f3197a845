"""Mailboxes that want no mails of a kind about their courses. The way out is a signed address that names nobody."""

import hashlib

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.dialects import postgresql, sqlite

from storefront.core import db
from storefront.core.clock import now
from storefront.core.errors import NotFound
from storefront.learning.models import LearningOptOut
from storefront.web.setup import settings

LESSON_OPEN = "lesson_open"
QUESTION_ANSWERED = "question_answered"
KINDS = (LESSON_OPEN, QUESTION_ANSWERED)


def opt_out_path(email: str, kind: str) -> str:
    """Return the signed address, without language, at which a mailbox ends the mails of a kind."""
    return f"/learning/opt-out/{_signer().dumps([_hashed(email), kind])}"


def read_opt_out(token: str) -> tuple[str, str]:
    """Return for which mailbox, as a hash, and which kind of mail the address stands.

    Raises:
        NotFound: it was not signed by us.
    """
    try:
        hashed, kind = _signer().loads(token)
    except (BadSignature, ValueError, TypeError) as error:
        raise NotFound from error
    if kind not in KINDS:
        raise NotFound
    return str(hashed), str(kind)


def opt_out(hashed_email: str, kind: str) -> None:
    """Note in the current unit that the mailbox wants no such mails; harmless when repeated."""
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    values = {"email_sha256": hashed_email, "kind": kind, "created_at": now()}
    db.session().execute(insert(LearningOptOut).values(values).on_conflict_do_nothing())


def has_opted_out(email: str, kind: str) -> bool:
    """Whether the mailbox wants no mails of this kind."""
    return db.session().get(LearningOptOut, (_hashed(email), kind)) is not None


def _signer() -> URLSafeSerializer:
    # itsdangerous signs with the last key; our settings name the newest first.
    return URLSafeSerializer(list(reversed(settings().signing_keys)), salt="learning.opt-out")


def _hashed(email: str) -> str:
    return hashlib.sha256(email.strip().casefold().encode()).hexdigest()
