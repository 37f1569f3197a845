"""The owner's own words for mails: seen, tried, used, found broken, taken back."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from storefront.checkout.telling import tell_buyer
from storefront.core import db
from storefront.gateways import mail
from storefront.gateways.mail.outbox import OutboxMail
from storefront.journal.models import JournalEntry
from storefront.notifications.models import MailWords
from storefront.orders.models import Order
from tests.admin.desk import Desk, errors_of, words_of
from tests.admin.ordering import make_order
from tests.selling import BUYER, OWNER, make_product

PAGE = "/admin/messages/words/order_paid/en"
WORDS = {
    "subject": "Hi: {{ number }}",
    "body": "Well **done**!\n\n[Open]({{ order_url }})\n\n{{ order_lines }}",
}

Work = Callable[[], int]


@pytest.fixture
def order(desk: Desk) -> Order:
    """An order that is paid."""
    with db.unit_of_work():
        return make_order(make_product("Quiet *lines*"))


def sent_to(email: str, work: Work) -> list[OutboxMail]:
    """Do all work and return the mails to an address, newest first."""
    work()
    db.close_reader()
    return [mail.read_outbox(one.name) for one in mail.list_outbox(20) if one.recipient == email]


def pay(order: Order) -> None:
    """Put down the mail that follows a payment."""
    with db.unit_of_work():
        tell_buyer("order_paid", order)


def test_words_are_previewed_on_the_newest_order_and_used_from_then_on(
    desk: Desk, order: Order, work: Work
) -> None:
    before = desk.open(f"{PAGE}/preview")
    assert order.number in before.text
    assert "Thank you for your order" in before.text
    fields = {**desk.form(PAGE).to_dict(), **WORDS}
    tried = desk.client.post(f"{PAGE}/preview", data=fields)
    assert tried.status_code == 200
    assert tried.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none';")
    assert "Well <strong>done</strong>!" in tried.text
    assert "Quiet *lines*" in tried.text
    assert "Well <strong>" not in desk.open(f"{PAGE}/preview").text, "trying saves nothing"
    assert desk.send(PAGE, **WORDS).status_code == 303
    assert "Own words" in words_of(desk.open(PAGE))
    pay(order)
    (letter,) = sent_to(BUYER, work)
    assert letter.subject == f"Hi: {order.number}"
    assert letter.text.startswith(
        f"Well done!\n\nOpen: http://127.0.0.1:8000/en{order.path}\n\n1 × Quiet *lines*"
    )
    assert "Well" not in desk.open("/admin/messages/words/order_paid/zh/preview").text


def test_shop_without_orders_shows_examples(desk: Desk) -> None:
    assert "K7QM-4XRP" in desk.open(f"{PAGE}/preview").text
    assert "123 456" in desk.open("/admin/messages/words/verify_email/zh/preview").text


@pytest.mark.parametrize(
    ("kind", "words", "field", "sentence"),
    [
        (
            "order_paid",
            {"body": "Hello {{ nmber }}"},
            "body",
            "There is no {{ nmber }} in this mail. It knows: cart_url",
        ),
        ("order_paid", {"subject": "{{ number.x }}"}, "subject", "Line 1: only {{ name }} and {% if name %}"),
        ("order_paid", {"subject": " "}, "subject", "Please enter a subject."),
        ("verify_email", {"body": "No code"}, "body", "This mail is of no use without {{ code }}."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_saved(
    desk: Desk, kind: str, words: dict[str, str], field: str, sentence: str
) -> None:
    page = f"/admin/messages/words/{kind}/en"
    answer = desk.send(page, **words)
    assert answer.status_code == 422
    assert sentence in errors_of(answer)[field]
    fields = {**desk.form(page).to_dict(), **words}
    if words != {"subject": " "}:
        assert "No preview yet" in desk.client.post(f"{page}/preview", data=fields).text
    db.close_reader()
    assert db.session().scalars(select(MailWords)).all() == []


def test_words_that_break_later_lose_no_mail_and_the_owner_is_told_once(
    desk: Desk, order: Order, work: Work
) -> None:
    desk.send(PAGE, **WORDS)
    with db.unit_of_work() as session:
        session.execute(update(MailWords).values(body="{{ a_fact_of_an_old_version }}"))
    pay(order)
    (letter,) = sent_to(BUYER, work)
    assert "Thank you for your order" in letter.text
    with db.unit_of_work():
        make_order(make_product("Another"))
    work()
    (told,) = sent_to(OWNER, work)
    assert "Order paid, with the links" in told.text
    assert "a_fact_of_an_old_version" in told.text
    assert f"http://127.0.0.1:8000/en{PAGE}" in told.text
    assert "can't be used any more" in words_of(desk.open("/admin/messages"))
    assert "can't be used any more" in words_of(desk.open(PAGE))
    desk.send(PAGE, **WORDS)
    assert "can't be used any more" not in words_of(desk.open("/admin/messages"))


def test_trial_goes_to_the_owner_and_reset_brings_the_shops_words_back(
    desk: Desk, order: Order, work: Work
) -> None:
    desk.send(PAGE, **WORDS)
    assert desk.send(f"{PAGE}/trial", page=PAGE).status_code == 303
    (letter,) = sent_to(OWNER, work)
    assert letter.subject == f"[A try] Hi: {order.number}"
    assert desk.send(f"{PAGE}/reset", page=f"{PAGE}/reset").status_code == 303
    assert "Thank you for your order" in desk.form(PAGE)["body"]
    actions = list(db.session().scalars(select(JournalEntry.action).where(JournalEntry.topic == "mails")))
    assert actions == ["mail_words.saved", "mail_words.reset"]


def test_two_windows_do_not_overwrite_each_other(desk: Desk) -> None:
    stale = desk.form(PAGE).to_dict()
    desk.send(PAGE, **WORDS)
    answer = desk.client.post(PAGE, data={**stale, "subject": "Mine"})
    assert answer.status_code == 409
    assert desk.form(PAGE)["subject"] == WORDS["subject"]


def test_unknown_kinds_and_languages_are_not_there(desk: Desk) -> None:
    for page in ("order_paid/fr", "nothing/en", "mail_trial/en"):
        desk.open(f"/admin/messages/words/{page}", 404)
