"""The owner's own words for mails: kept by kind and language, and noted when they could not be used."""

from collections.abc import Callable

from sqlalchemy import select, update

from storefront.core import db
from storefront.core.clock import now
from storefront.core.sentences import keep
from storefront.journal import service as journal
from storefront.notifications.models import MailWords
from storefront.notifications.writing import BrokenSource, Source

TOPIC = "mails"
BROKEN = "mail_words_broken"

# Who tells the owner: accounts stand above, so they hand it down when the app is put together.
_tellers: list[Callable[[MailWords], None]] = []


def when_broken(tell: Callable[[MailWords], None]) -> None:
    """Call ``tell`` in the unit in which own words are noted as broken."""
    _tellers[:] = [tell]


def find(kind: str, language: str) -> Source | None:
    """Return the owner's own words for a kind of mail in a language."""
    row = db.execute(
        select(MailWords.subject, MailWords.body).where(
            MailWords.kind == kind, MailWords.language == language
        )
    ).one_or_none()
    return Source(*row) if row else None


def all_words() -> list[MailWords]:
    """Return all of the owner's own words."""
    return list(db.session().scalars(select(MailWords).order_by(MailWords.kind, MailWords.language)))


def count_broken() -> int:
    """Return for how many kinds the owner's words can't be used."""
    return sum(words.broken_at is not None for words in all_words())


def save(kind: str, language: str, source: Source) -> None:
    """Use these words from now on. Must run in a unit; whether they can be used is for the caller to know."""
    session = db.session()
    words = session.get(MailWords, (kind, language), with_for_update=True)
    if words is None:
        words = MailWords(kind=kind, language=language)
        session.add(words)
    words.subject, words.body, words.saved_at = source.subject, source.body, now()
    words.broken_reason = words.broken_at = None
    session.flush()
    journal.write(TOPIC, "mail_words.saved", kind=kind, language=language)


def forget(kind: str, language: str) -> None:
    """Use the shop's words again; harmless when repeated. Must run in a unit."""
    words = db.session().get(MailWords, (kind, language), with_for_update=True)
    if words is not None:
        db.session().delete(words)
        journal.write(TOPIC, "mail_words.reset", kind=kind, language=language)


def note_broken(kind: str, language: str, broken: BrokenSource) -> None:
    """Note that the words could not be used, and have the owner told: once, until they are saved again."""
    if db.in_unit():
        _note_broken(kind, language, broken)
        return
    with db.unit_of_work():
        _note_broken(kind, language, broken)


def _note_broken(kind: str, language: str, broken: BrokenSource) -> None:
    noted = db.session().scalar(
        update(MailWords)
        .where(MailWords.kind == kind, MailWords.language == language, MailWords.broken_at.is_(None))
        .values(broken_at=now(), broken_reason=keep(broken.sentence, **broken.values))
        .returning(MailWords)
    )
    if noted is None:
        return
    journal.write(TOPIC, "mail_words.broken", kind=kind, language=language)
    for tell in _tellers:
        tell(noted)
