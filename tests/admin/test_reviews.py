"""The owner answers reviews, hides them with a reason, shows them again, and sets when buyers are asked."""

from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.core import db
from storefront.journal.models import JournalEntry
from storefront.reviews.models import Review
from storefront.shop.service import get_profile
from tests.reviews.buying import Bought, buy, counted, review
from tests.selling import send

Work = Callable[[], int]


def _reviewed(client: FlaskClient, work: Work) -> tuple[Bought, str]:
    bought = buy(client, work)
    review(client, bought, 2, title="Hm", body="Dull words.")
    db.close_reader()
    return bought, db.session().scalars(select(Review.public_id)).one()


def test_owner_answers_and_takes_it_back(client: FlaskClient, owner_client: FlaskClient, work: Work) -> None:
    bought, review_id = _reviewed(client, work)
    page, public = f"/admin/reviews/{review_id}", f"/products/{bought.product.slug}/reviews"
    assert "Dull words." in owner_client.get("/admin/reviews?state=unanswered").text
    assert send(owner_client, f"{page}/reply", page, words="Sorry! <b>We</b> mend it.").status_code == 303
    assert "Sorry! &lt;b&gt;We&lt;/b&gt; mend it." in client.get(public).text
    assert "Dull words." not in owner_client.get("/admin/reviews?state=unanswered").text
    assert send(owner_client, f"{page}/reply", page, words="x" * 2001).status_code == 422
    send(owner_client, f"{page}/reply", page, words="")
    assert "mend it" not in client.get(public).text


def test_owner_hides_with_a_reason_and_shows_again(
    client: FlaskClient, owner_client: FlaskClient, work: Work
) -> None:
    bought, review_id = _reviewed(client, work)
    page, public = f"/admin/reviews/{review_id}", f"/products/{bought.product.slug}/reviews"
    assert send(owner_client, f"{page}/hiding", page, reason=" ").status_code == 422
    assert counted(bought.product.id) == (1, 2)
    for _ in ("once", "again"):
        assert send(owner_client, f"{page}/hiding", "/admin/settings", reason="An insult").status_code == 303
    assert counted(bought.product.id) == (0, 0)
    assert "Dull words." not in client.get(public).text
    assert "The shop has hidden this review." in client.get(bought.review_path).text
    assert (
        "Dull words." in owner_client.get(f"/admin/reviews?state=hidden&product={bought.product.slug}").text
    )
    assert "Dull words." not in owner_client.get("/admin/reviews?state=visible").text
    # Its author may change it, which does not bring it back.
    review(client, bought, 5)
    assert counted(bought.product.id) == (0, 0)
    send(owner_client, f"{page}/showing", page)
    assert counted(bought.product.id) == (1, 5)
    db.close_reader()
    actions = db.session().scalars(
        select(JournalEntry.action).where(JournalEntry.action.startswith("review.")).order_by(JournalEntry.id)
    )
    assert list(actions) == ["review.written", "review.hidden", "review.changed", "review.shown"]


def test_owner_sets_when_buyers_are_asked(owner_client: FlaskClient) -> None:
    fields = {"name": "Shop", "currency": "EUR", "expiry_notice_days": "7", "sharing_places": "10"}
    page = owner_client.get("/admin/settings").text
    seen = page.split('name="seen"')[1].split('value="')[1].split('"')[0]
    assert (
        send(owner_client, "/admin/settings", seen=seen, review_reminder_days="x", **fields).status_code
        == 422
    )
    assert (
        send(owner_client, "/admin/settings", seen=seen, review_reminder_days="0", **fields).status_code
        == 303
    )
    assert get_profile().review_reminder_days == 0
