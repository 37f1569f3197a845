"""Telling people: one call puts down the mail and the work of sending it."""

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storefront.core import db
from storefront.core.clock import datetime, now
from storefront.core.errors import NotFound
from storefront.core.ids import new_public_id
from storefront.jobs.service import enqueue, retry_topic
from storefront.notifications.models import Message
from storefront.notifications.states import MessageState

SEND = "send_message"
# No index helps to find a part of a text, so that the search goes back only so far.
MOST_SEARCHED = 10_000

_TABLE = cast(Table, Message.__table__)
_INSERT = {
    "sqlite": sqlite.insert(_TABLE)
    .on_conflict_do_nothing(index_elements=["unique_key"])
    .returning(_TABLE.c.id),
    "postgresql": postgresql.insert(_TABLE)
    .on_conflict_do_nothing(index_elements=["unique_key"])
    .returning(_TABLE.c.id),
}


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message as the owner sees it. ``answer`` is what the mail server said at the last try."""

    id: int
    kind: str
    topic: str | None
    recipient: str
    language: str
    state: MessageState
    attempts: int
    subject: str | None
    answer: str | None
    created_at: datetime
    sent_at: datetime | None


_VIEW = select(
    Message.id,
    Message.kind,
    Message.topic,
    Message.recipient,
    Message.language,
    Message.state,
    Message.attempts,
    Message.subject,
    Message.server_answer,
    Message.created_at,
    Message.sent_at,
)


def tell(
    kind: str,
    recipient: str,
    language: str,
    *,
    unique_key: str | None = None,
    topic: str | None = None,
    **args: Any,
) -> int | None:
    """Put down in the current unit that this mail is to be sent; a worker does so after the commit.

    Returns the message's id, or None when ``unique_key`` was told before. ``args`` are ids, never secrets.
    """
    row = {
        "public_id": new_public_id(),
        "kind": kind,
        "unique_key": unique_key,
        "topic": topic,
        "recipient": recipient.strip()[:254],
        "language": language,
        "args": args,
        "state": MessageState.QUEUED,
        "attempts": 0,
        "created_at": now(),
    }
    message_id = db.session().execute(_INSERT[db.engine().dialect.name], row).scalar_one_or_none()
    if message_id is not None:
        _enqueue(message_id, attempts=0)
    return message_id


def resend(message_id: int) -> None:
    """Send a message again, in the current unit; what is still being tried is tried at once instead.

    What the recipient has had before comes as a new mail, with a Message-ID of its own.

    Raises:
        NotFound: there is no such message.
    """
    message = db.get_or_404(Message, Message.id == message_id, for_update=True)
    if message.state is MessageState.SENT:
        message.public_id = new_public_id()
    message.state = MessageState.QUEUED
    db.session().flush()
    if not retry_topic(_job_topic(message_id)):
        _enqueue(message_id, attempts=message.attempts)


def readdress(topics: list[str], before: str, after: str) -> None:
    """Let mails about these things that are not sent yet go to another address, in the current unit."""
    statement = update(Message).where(
        Message.topic.in_(topics),
        Message.recipient == before,
        Message.state.in_((MessageState.QUEUED, MessageState.FAILED)),
    )
    db.session().execute(statement.values(recipient=after).execution_options(synchronize_session=False))


def list_messages(
    state: MessageState | None = None, before_id: int | None = None, limit: int = 50, words: str = ""
) -> list[MessageView]:
    """Return messages, newest first, of one state or of all; ``before_id`` continues a list.

    ``words`` finds a part of the recipient's address or of the subject, among the newest ``MOST_SEARCHED``.
    """
    statement = _VIEW.order_by(Message.id.desc()).limit(limit)
    if words:
        pattern = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        first = select(func.max(Message.id) - MOST_SEARCHED).scalar_subquery()
        is_meant = Message.recipient.ilike(pattern, escape="\\") | Message.subject.ilike(pattern, escape="\\")
        statement = statement.where(Message.id > first, is_meant)
    if state is not None:
        statement = statement.where(Message.state == state)
    return _views(statement.where(Message.id < before_id) if before_id else statement)


def messages_of(topic: str) -> list[MessageView]:
    """Return the messages about one thing such as ``order:12``, newest first."""
    return _views(_VIEW.where(Message.topic == topic).order_by(Message.id.desc()).limit(200))


def get_message(message_id: int) -> MessageView:
    """Return one message.

    Raises:
        NotFound: there is none.
    """
    found = _views(_VIEW.where(Message.id == message_id))
    if not found:
        raise NotFound
    return found[0]


def count_failed() -> int:
    """Return how many messages could not be delivered."""
    statement = select(func.count()).select_from(Message).where(Message.state == MessageState.FAILED)
    return db.session().execute(statement).scalar_one()


def begin_attempt(message_id: int) -> Message | None:
    """Count a try in the current unit and return the message, or None when it was sent or dropped already."""
    statement = (
        update(Message)
        .where(Message.id == message_id, Message.state.in_((MessageState.QUEUED, MessageState.FAILED)))
        .values(attempts=Message.attempts + 1)
        .returning(Message)
        .execution_options(populate_existing=True)
    )
    return db.session().execute(statement).scalar_one_or_none()


def mark_sent(message_id: int, subject: str, answer: str) -> None:
    """Note in the current unit that the server has it."""
    _note(message_id, state=MessageState.SENT, subject=subject[:200], server_answer=answer, sent_at=now())


def mark_failed(message_id: int, answer: str) -> None:
    """Note in the current unit that it will not go unless somebody sends it again."""
    _note(message_id, state=MessageState.FAILED, server_answer=answer)


def mark_dropped(message_id: int) -> None:
    """Note in the current unit that there was no longer anything to say."""
    _note(message_id, state=MessageState.DROPPED, server_answer=None)


def note_answer(message_id: int, answer: str) -> None:
    """Note in the current unit what the server said to a try that did not succeed."""
    _note(message_id, server_answer=answer)


def _enqueue(message_id: int, attempts: int) -> None:
    """One piece of work for each sending, also when "send again" is pressed twice."""
    enqueue(
        SEND,
        unique_key=f"{SEND}:{message_id}:{attempts}",
        topic=_job_topic(message_id),
        message_id=message_id,
    )


def _job_topic(message_id: int) -> str:
    return f"message:{message_id}"


def _note(message_id: int, **values: Any) -> None:
    statement = update(Message).where(Message.id == message_id).values(**values)
    db.session().execute(statement.execution_options(synchronize_session=False))


def _views(statement: Any) -> list[MessageView]:
    return [MessageView(*row) for row in db.session().execute(statement)]
