"""Reviews of a product for everybody, the buyer's own, and the way out of reminders."""

from typing import BinaryIO, cast

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as BaseResponse

from storefront.catalog.page import ProductPage, find_page
from storefront.catalog.pictures import encode_picture
from storefront.catalog.queries import find_new_slug
from storefront.core import db
from storefront.core.clock import timedelta
from storefront.core.errors import NotFound, ShopError, TooMany
from storefront.reviews import queries, reminding, service
from storefront.reviews.forms import ReviewForm, review_form
from storefront.reviews.service import MOST_PICTURES, Purchase, ReviewInput
from storefront.web import throttle
from storefront.web.access import public
from storefront.web.language import current_language
from storefront.web.page_cache import cacheable
from storefront.web.pages import go, render_page

reviews = Blueprint("reviews", __name__)

_PER_PURCHASE = 10
_PER_CLIENT = 60


@reviews.get("/products/<slug>/reviews")
@public
def list_reviews(slug: str) -> BaseResponse:
    """Show what buyers say of a product; an address that it once had leads to the present one."""
    product = find_page(current_language(), slug=slug)
    if product is not None and product.is_published:
        return _show_reviews(product=product)
    new_slug = find_new_slug(slug)
    if product is not None or new_slug is None:
        raise NotFound
    g.is_cacheable = False
    return redirect(url_for("reviews.list_reviews", slug=new_slug), 301)


@cacheable
def _show_reviews(product: ProductPage) -> Response:
    after = request.args.get("after")
    return render_page(
        "reviews/list_reviews.html",
        fragment="reviews/_reviews.html",
        product=product,
        listing=queries.visible_reviews(product.id, after),
        histogram=queries.histogram(product.id) if product.review_count else [],
        pictures_of=queries.pictures_of,
        is_first_page=after is None,
    )


@reviews.get("/library/<public_id>/review")
@public
def write(public_id: str) -> Response:
    """Ask a buyer what it is like, or show what the buyer wrote."""
    purchase = service.get_purchase(public_id)
    return _render(purchase, review_form(purchase.review))


@reviews.post("/library/<public_id>/review")
@public
def save(public_id: str) -> BaseResponse:
    """Keep the buyer's review; sent again, it changes the one that there is."""
    purchase = service.get_purchase(public_id)
    form = review_form(purchase.review, request.form)
    files = [sent for sent in request.files.getlist("pictures") if sent.filename]
    if not form.validate():
        return _render(purchase, form, status=422)
    _slow_down(public_id)
    try:
        _keep(purchase, form, files)
    except ShopError as error:
        if error.status != 422:
            raise
        return _render(purchase, form, status=422, refusal=gettext(error.sentence, **error.values))
    flash(gettext("Thank you! Your review is in the shop. You can change it here at any time."), "success")
    return go(url_for("reviews.write", public_id=public_id))


@reviews.get("/reviews/opt-out/<token>")
@public
def ask_to_opt_out(token: str) -> Response:
    """Ask before the reminders to a mailbox end: programs follow links in mails, people press buttons."""
    reminding.read_opt_out(token)
    return Response(render_template("reviews/opt_out.html", token=token, is_done=False))


@reviews.post("/reviews/opt-out/<token>")
@public
def opt_out(token: str) -> Response:
    """End the reminders to a mailbox."""
    with db.unit_of_work():
        reminding.opt_out(reminding.read_opt_out(token))
    return Response(render_template("reviews/opt_out.html", token=token, is_done=True))


def _slow_down(public_id: str) -> None:
    with db.unit_of_work():
        hour = timedelta(hours=1)
        of_purchase = throttle.count("review", public_id, per=hour)
        of_client = throttle.count("review-client", request.remote_addr or "", per=hour)
    if of_purchase > _PER_PURCHASE or of_client > _PER_CLIENT:
        raise TooMany


def _keep(purchase: Purchase, form: ReviewForm, files: list[FileStorage]) -> None:
    """Pictures first, with no unit running; what is left over when the unit fails is swept away a day later."""
    kept = len(purchase.review.pictures) if purchase.review else 0
    if len(files) + kept - len(form.remove.data or []) > MOST_PICTURES:
        raise service.TooManyPictures(most=MOST_PICTURES)
    wanted = ReviewInput(
        rating=int(form.rating.data),
        title=form.title.data,
        body=form.body.data,
        author_name=form.author_name.data,
        language=current_language(),
        added=[encode_picture(cast(BinaryIO, sent.stream), service.PREFIX) for sent in files],
        removed=form.remove.data or [],
    )

    def work() -> None:
        with db.unit_of_work():
            service.write(purchase.entitlement.public_id, wanted)

    db.again_on_conflict(work)


def _render(purchase: Purchase, form: ReviewForm, *, status: int = 200, refusal: str = "") -> Response:
    review = purchase.review
    return render_page(
        "reviews/write.html",
        status=status,
        purchase=purchase,
        product=purchase.product,
        form=form,
        refusal=refusal,
        pictures=[(service.picture_name(one), queries.picture_view(one)) for one in review.pictures]
        if review
        else [],
        most_pictures=MOST_PICTURES,
    )
