"""Mail through jobs, against a real mail server and its faults: none lost, none told twice without need."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import text

from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.errors import NotFound
from storefront.gateways import mail as gateway
from storefront.jobs import service as jobs
from storefront.jobs import worker
from storefront.jobs.registry import TRIES
from storefront.notifications import service
from storefront.notifications.rendering import Mail, mail
from storefront.notifications.states import MessageState
from tests.gateways.posting import settings_for
from tests.servers.smtp import SmtpServer


@pytest.fixture(autouse=True)
def post(
    work_database: str, work_kinds: None, tmp_path: Path, smtp_server: SmtpServer
) -> Iterator[SmtpServer]:
    """A shop that sends over SMTP, and knows how to say hello."""
    gateway.configure(settings_for(tmp_path, mail_url=smtp_server.url))

    @mail("hello")
    def hello(args: dict[str, Any], language: str) -> Mail | None:
        if args["n"] == 0:
            return None
        return Mail(f"Hello {args['n']} ({language})", "Hello!\n", "<p>Hello!</p>")

    yield smtp_server
    gateway._mailer = None


def tell(n: int = 1, **named: Any) -> int | None:
    with db.unit_of_work():
        return service.tell("hello", "maria@example.org", "en", n=n, **named)


def resend(message_id: int) -> None:
    with db.unit_of_work():
        service.resend(message_id)


def only_message() -> service.MessageView:
    with db.unit_of_work():
        [found] = service.list_messages()
    return found


def work_until(moment: datetime) -> None:
    """Let a worker work as time goes by."""
    clock = now()
    while clock < moment:
        with time_machine.travel(clock, tick=False):
            worker.drain()
        clock += timedelta(minutes=1)


def subjects(server: SmtpServer) -> list[str]:
    return [str(received.message["Subject"]) for received in server.messages]


def test_one_call_sends_a_mail(post: SmtpServer) -> None:
    tell(topic="order:12")
    worker.drain()
    [received] = post.wait_for(1)
    assert (received.recipients, received.message["Subject"]) == (["maria@example.org"], "Hello 1 (en)")
    assert received.message["From"] == "Storefront <shop@quiet.example.org>"
    message = only_message()
    assert (message.state, message.attempts, message.subject, message.answer) == (
        MessageState.SENT,
        1,
        "Hello 1 (en)",
        "250 OK",
    )
    assert message.sent_at is not None
    assert service.messages_of("order:12") == [message]


def test_a_thing_is_told_once(post: SmtpServer) -> None:
    assert tell(unique_key="order_paid:12") is not None
    assert tell(unique_key="order_paid:12") is None
    worker.drain()
    assert tell(unique_key="order_paid:12") is None
    worker.drain()
    assert len(post.messages) == 1


def test_what_was_rolled_back_is_not_told(post: SmtpServer) -> None:
    def fail() -> None:
        with db.unit_of_work():
            service.tell("hello", "maria@example.org", "en", n=1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert worker.drain() == 0
    assert service.list_messages() == []


def test_when_there_is_nothing_left_to_say_the_message_is_dropped(post: SmtpServer) -> None:
    tell(n=0)
    worker.drain()
    assert (only_message().state, post.attempts) == (MessageState.DROPPED, 0)


def test_a_mail_server_that_is_down_for_an_hour_loses_nothing(post: SmtpServer) -> None:
    post.down()
    for number in (1, 2, 3):
        tell(n=number)
    worker.drain()
    message = service.list_messages()[0]
    assert (message.state, message.attempts) == (MessageState.QUEUED, 1)
    assert message.answer == "The mail server can't be reached: Connection refused."
    post.up()
    with time_machine.travel(now() + timedelta(hours=1)):
        worker.drain()
    assert sorted(subjects(post)) == ["Hello 1 (en)", "Hello 2 (en)", "Hello 3 (en)"]
    assert {message.state for message in service.list_messages()} == {MessageState.SENT}


def test_a_mail_server_that_says_later_is_asked_later(post: SmtpServer) -> None:
    post.refuse("451 greylisted", at="RCPT", times=2)
    tell()
    work_until(now() + timedelta(minutes=5))
    assert (only_message().state, only_message().attempts) == (MessageState.SENT, 3)
    assert len(post.messages) == 1


def test_a_refused_recipient_is_shown_and_not_tried_again(post: SmtpServer) -> None:
    post.refuse("550 no such user", at="RCPT")
    tell()
    worker.drain()
    assert (only_message().state, only_message().answer) == (MessageState.FAILED, "550 no such user")
    assert (jobs.count_waiting(), jobs.count_resting(), service.count_failed()) == (0, 0, 1)


def test_what_never_goes_is_given_up_and_shown_with_its_reason(post: SmtpServer) -> None:
    post.refuse("451 never again", at="DATA")
    tell()
    for _ in range(TRIES):
        with db.unit_of_work() as session:
            session.execute(text("UPDATE job SET run_after = created_at"))
        worker.drain()
    message = only_message()
    assert (message.state, message.attempts, message.answer) == (
        MessageState.FAILED,
        TRIES,
        "451 never again",
    )
    assert [job.reason for job in jobs.list_resting()] == ["451 never again"]

    post.mend()
    resend(message.id)
    worker.drain()
    assert only_message().state is MessageState.SENT
    assert (jobs.count_resting(), len(post.messages)) == (0, 1)


def test_a_mail_that_breaks_while_it_is_written_is_shown(post: SmtpServer) -> None:
    with db.unit_of_work():
        service.tell("unknown kind", "maria@example.org", "en")
    worker.drain()
    assert only_message().state is MessageState.FAILED
    assert "does not know how to write" in str(only_message().answer)


def test_a_line_cut_after_the_data_repeats_the_same_mail_at_most(post: SmtpServer) -> None:
    post.drop_after_data()
    tell()
    work_until(now() + timedelta(minutes=2))
    assert only_message().state is MessageState.SENT
    assert len(post.messages) == 2
    assert len({received.message["Message-ID"] for received in post.messages}) == 1


def test_a_failed_mail_is_sent_again_as_the_same_mail(post: SmtpServer) -> None:
    post.refuse("550 no such user", at="RCPT", times=1)
    tell()
    worker.drain()
    resend(only_message().id)
    resend(only_message().id)
    worker.drain()
    assert only_message().state is MessageState.SENT
    assert len(post.messages) == 1


def test_a_sent_mail_is_sent_again_as_a_new_mail(post: SmtpServer) -> None:
    tell()
    worker.drain()
    resend(only_message().id)
    worker.drain()
    assert len({received.message["Message-ID"] for received in post.messages}) == 2


def test_sending_again_hurries_what_still_waits(post: SmtpServer) -> None:
    post.refuse("451 later", times=1)
    tell()
    worker.drain()
    resend(only_message().id)
    assert worker.drain() == 1
    assert (only_message().state, len(post.messages)) == (MessageState.SENT, 1)
    assert worker.drain() == 0


def test_there_is_nothing_to_send_again_where_there_is_no_message() -> None:
    with pytest.raises(NotFound), db.unit_of_work():
        service.resend(404)
    with pytest.raises(NotFound):
        service.get_message(404)


def test_messages_are_listed_in_pages_and_by_state(post: SmtpServer) -> None:
    for number in range(5):
        tell(n=number)
    worker.drain()
    first = service.list_messages(limit=2)
    rest = service.list_messages(limit=10, before_id=first[-1].id)
    assert [message.subject for message in first + rest] == [
        "Hello 4 (en)",
        "Hello 3 (en)",
        "Hello 2 (en)",
        "Hello 1 (en)",
        None,
    ]
    assert [message.state for message in service.list_messages(MessageState.DROPPED)] == [
        MessageState.DROPPED
    ]
    assert service.get_message(first[0].id) == first[0]


def test_no_connection_to_the_database_is_held_while_the_mail_server_takes_its_time(
    post: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []
    real = gateway.mailer().send

    def counting(envelope: gateway.Envelope) -> str:
        held.append(db.engine().pool.checkedout())  # type: ignore[attr-defined]  # a QueuePool has it
        return real(envelope)

    monkeypatch.setattr(gateway.mailer(), "send", counting)
    tell()
    worker.drain()
    assert held == [0]
