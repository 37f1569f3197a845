"""Reviews: only from buyers, one from each, counted exactly, harmless whatever they say."""

import io
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from storefront.checkout import doctor
from storefront.core import db
from storefront.core.clock import now
from storefront.fulfilment.models import Entitlement
from storefront.reviews import service
from storefront.reviews.models import Review, ReviewPicture
from storefront.reviews.service import ReviewInput
from storefront.storage import service as storage
from tests.reviews.buying import Bought, buy, counted, review
from tests.selling import PASSWORD, make_product, send, token_of

Work = Callable[[], int]
HOSTILE = '</script><!-- <img src=x onerror="alert(1)"> \u202egnp.exe\x00 {{ 7 * 7 }} <h1>'


def test_buyer_reviews_and_changes_it(client: FlaskClient, work: Work) -> None:
    bought = buy(client, work)
    assert review(client, bought, 4, title="Good", body="It keeps its word.").status_code == 303
    assert counted(bought.product.id) == (1, 4)
    page = client.get(f"/en/products/{bought.product.slug}/reviews").text
    assert "It keeps its word." in page
    assert "Anonymous" in page
    assert bought.order.email not in page
    assert "4.0 of 5" in page

    assert review(client, bought, 2, body="It broke.", author_name="Mei").status_code == 303
    assert counted(bought.product.id) == (1, 2)
    page = client.get(f"/en/products/{bought.product.slug}/reviews").text
    assert "It keeps its word." not in page
    assert "Mei" in page
    for path in (f"/en/products/{bought.product.slug}", "/en/products"):
        assert "2.0 of 5 · 1 review" in re.sub(r"\s+", " ", client.get(path).text), path


def test_who_has_not_bought_or_was_refunded_can_not_review(client: FlaskClient, work: Work) -> None:
    bought = buy(client, work)
    token = token_of(client.get("/account/login"))
    fields = {"csrf_token": token, "rating": "5"}
    assert client.post("/library/nobody-has-this-at-all/review", data=fields).status_code == 404
    assert review(client, bought, 5).status_code == 303
    with db.unit_of_work() as session:
        session.execute(update(Entitlement).values(revoked_at=now(), revoked_reason="refunded"))
    assert client.get(bought.review_path).status_code == 404
    assert client.post(bought.review_path, data=fields).status_code == 404
    # What was said while it was theirs stays said; the owner may hide it.
    assert counted(bought.product.id) == (1, 5)


def test_one_review_for_each_buyer_however_often_it_was_bought(client: FlaskClient, work: Work) -> None:
    first = buy(client, work)
    second = buy(client, work, product=first.product)
    assert review(client, first, 5).status_code == 303
    assert review(client, second, 1).status_code == 303
    assert counted(first.product.id) == (1, 1)
    other = buy(client, work, product=first.product, email="other@example.org")
    assert review(client, other, 4).status_code == 303
    assert counted(first.product.id) == (2, 5)


def test_account_with_two_mailboxes_reviews_once(client: FlaskClient, work: Work) -> None:
    send(client, "/account/register", email="mei@example.org", password=PASSWORD)
    first = buy(client, work, email="mei@example.org")
    second = buy(client, work, product=first.product, email="mei-at-work@example.org")
    assert first.order.account_id is not None
    assert first.order.account_id == second.order.account_id
    review(client, first, 5)
    review(client, second, 3)
    assert counted(first.product.id) == (1, 3)


def test_average_is_exact_whatever_comes_at_once(app: Flask, client: FlaskClient, work: Work) -> None:
    """Several buyers, each in two tabs, while the owner hides and shows."""
    with db.unit_of_work():
        product = make_product(amount=0)
    things = [buy(app.test_client(), work, product=product, email=f"b{n}@example.org") for n in range(4)]
    jobs = [(one, rating) for number, one in enumerate(things) for rating in (1 + number % 5, 5)]

    def write(job: tuple[Bought, int]) -> None:
        one, rating = job
        wanted = ReviewInput(rating=rating, title="", body="", author_name="", language="en")

        def work() -> None:
            with app.app_context(), db.unit_of_work():
                written = service.write(one.public_id, wanted)
                if rating == 5 and one is things[0]:
                    service.hide(written.public_id, "spam")

        db.again_on_conflict(work)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, jobs))
    db.close_reader()
    visible = select(func.count(), func.coalesce(func.sum(Review.rating), 0)).where(
        Review.hidden_at.is_(None)
    )
    count, stars = db.session().execute(visible).one()
    assert db.session().scalar(select(func.count()).select_from(Review)) == 4
    assert counted(product.id) == (count, stars)
    assert "reviews_counted" not in {finding.name for finding in doctor.findings()}


def test_wrong_count_is_found_by_the_doctor(client: FlaskClient, work: Work) -> None:
    bought = buy(client, work)
    review(client, bought, 4)
    with db.unit_of_work() as session:
        session.execute(update(Review).values(rating=3))
    assert [one.rows for one in doctor.findings() if one.name == "reviews_counted"] == [[bought.product.slug]]


def test_hostile_words_are_words(client: FlaskClient, work: Work) -> None:
    bought = buy(client, work)
    assert (
        review(client, bought, 1, title=HOSTILE[:120], body=HOSTILE, author_name=HOSTILE[:60]).status_code
        == 303
    )
    page = client.get(f"/products/{bought.product.slug}/reviews").text
    assert "<img src=x" not in page
    assert "\u202e" not in page
    assert "{{ 7 * 7 }}" in page
    assert "<!--" not in page
    assert page.count("<h1") == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"rating": "6"},
        {"rating": "0"},
        {"rating": ""},
        {"rating": "x"},
        {"body": "x" * 5001},
        {"title": "x" * 121},
    ],
    ids=lambda fields: next(iter(fields)) + next(iter(fields.values()))[:3],
)
def test_what_is_no_review_comes_back_filled_in(
    client: FlaskClient, work: Work, fields: dict[str, str]
) -> None:
    bought = buy(client, work)
    sent = {
        "csrf_token": token_of(client.get(bought.review_path)),
        "rating": "5",
        "author_name": "Kept",
        **fields,
    }
    answer = client.post(bought.review_path, data=sent)
    assert answer.status_code == 422
    assert 'value="Kept"' in answer.text
    assert counted(bought.product.id) == (0, 0)


def test_pictures_are_encoded_anew_limited_and_removed(client: FlaskClient, work: Work) -> None:
    bought = buy(client, work)
    assert review(client, bought, 5, pictures=2).status_code == 303
    names = _picture_names()
    assert len(names) == 2
    page = client.get(f"/products/{bought.product.slug}/reviews").text
    address = re.search(r'src="(/media/reviews/[^"]+)"', page)
    assert address
    assert client.get(address[1]).content_type == "image/webp"

    assert review(client, bought, 5, pictures=3).status_code == 422
    assert review(client, bought, 5, pictures=1, remove=names[0]).status_code == 303
    assert len(_picture_names()) == 2
    assert names[0] not in _picture_names()
    assert [one.key for one in storage.store().list("reviews/") if names[0] in one.key] == []
    drawing = io.BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
    fields = {
        "csrf_token": token_of(client.get(bought.review_path)),
        "rating": "5",
        "pictures": (drawing, "x.svg"),
    }
    assert client.post(bought.review_path, data=fields, content_type="multipart/form-data").status_code == 422


def test_reviews_of_what_nobody_may_see_are_not_shown(client: FlaskClient, work: Work) -> None:
    bought = buy(client, work)
    review(client, bought, 5, body="secret words")
    with db.unit_of_work() as session:
        session.execute(update(type(bought.product)).values(state="draft"))
        service.raise_stamp()
    assert client.get(f"/products/{bought.product.slug}/reviews").status_code == 404
    assert client.get(bought.review_path).status_code == 200


def test_list_goes_on_by_a_link_and_costs_the_same(app: Flask, client: FlaskClient, work: Work) -> None:
    bought = buy(client, work)
    with db.unit_of_work() as session:
        line = session.scalars(select(Entitlement.order_line_id)).one()
        for number in range(25):
            session.add(
                Review(
                    product_id=bought.product.id,
                    order_line_id=line,
                    email=f"r{number}@example.org",
                    language="en",
                    rating=1 + number % 5,
                    body=f"Words {number:02}.",
                )
            )
    seen: list[str] = []
    path: str | None = f"/en/products/{bought.product.slug}/reviews"
    while path:
        page = client.get(path).text
        seen += re.findall(r">(Words \d\d)", page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        path = found[1] if found else None
    assert seen == [f"Words {number:02}" for number in range(24, -1, -1)]
    fragment = client.get(
        f"/en/products/{bought.product.slug}/reviews",
        headers={"HX-Request": "true", "HX-Request-Type": "partial"},
    )
    assert fragment.text.lstrip().startswith('<section class="section stack" id="reviews"')


def test_buyer_who_writes_on_and_on_is_slowed_down(client: FlaskClient, work: Work) -> None:
    bought = buy(client, work)
    answers = [review(client, bought, 5).status_code for _ in range(11)]
    assert answers == [303] * 10 + [429]


def _picture_names() -> list[str]:
    db.close_reader()
    return [
        service.picture_name(one)
        for one in db.session().scalars(select(ReviewPicture).order_by(ReviewPicture.id))
    ]
