"""What buyers say: answering, hiding with a reason, showing again."""

from collections.abc import Callable

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.forms.reviews import HideForm, ReplyForm
from storefront.core.db import again_on_conflict, unit_of_work
from storefront.reviews import queries
from storefront.reviews import service as reviews
from storefront.reviews.queries import Shown
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page


@admin.get("/reviews")
@owner_only
def list_reviews() -> Response:
    """Show reviews, newest first, of one state or all, of one product or all."""
    shown = _shown_asked()
    slug = request.args.get("product") or None
    found, next_before = queries.reviews_for_owner(shown, slug, request.args.get("before") or None)
    return render_page(
        "admin/reviews/list.html",
        reviews=found,
        shown=shown,
        slug=slug,
        all_shown=list(Shown),
        next_before=next_before,
    )


@admin.get("/reviews/<review_id>")
@owner_only
def show_review(review_id: str) -> Response:
    """Show one review, with what can be done about it."""
    return _render(review_id)


@admin.post("/reviews/<review_id>/reply")
@owner_only
def reply_to_review(review_id: str) -> BaseResponse:
    """Answer a review under it; an empty answer takes it back."""
    form = ReplyForm(request.form)
    if not form.validate():
        return _render(review_id, reply=form, status=422)
    _change(lambda: reviews.reply(review_id, form.words.data))
    flash(
        gettext("Your answer is in the shop.") if form.words.data else gettext("Your answer is taken back."),
        "success",
    )
    return go(url_for("admin.show_review", review_id=review_id))


@admin.post("/reviews/<review_id>/hiding")
@owner_only
def hide_review(review_id: str) -> BaseResponse:
    """Take a review out of the shop, with the reason."""
    form = HideForm(request.form)
    if not form.validate():
        return _render(review_id, hiding=form, status=422)
    _change(lambda: reviews.hide(review_id, form.reason.data))
    flash(gettext("The review is hidden and no longer counts."), "success")
    return go(url_for("admin.show_review", review_id=review_id))


@admin.post("/reviews/<review_id>/showing")
@owner_only
def show_review_again(review_id: str) -> BaseResponse:
    """Bring a hidden review back."""
    _change(lambda: reviews.show(review_id))
    flash(gettext("The review is in the shop again."), "success")
    return go(url_for("admin.show_review", review_id=review_id))


def _change(change: Callable[[], object]) -> None:
    def work() -> None:
        with unit_of_work():
            change()

    again_on_conflict(work)


def _render(
    review_id: str, *, reply: ReplyForm | None = None, hiding: HideForm | None = None, status: int = 200
) -> Response:
    owned = queries.get_for_owner(review_id)
    return render_page(
        "admin/reviews/show.html",
        status=status,
        owned=owned,
        review=owned.review,
        pictures=queries.pictures_of(owned.review),
        reply=reply or ReplyForm(None, data={"words": owned.review.reply or ""}),
        hiding=hiding or HideForm(None),
    )


def _shown_asked() -> Shown | None:
    word = request.args.get("state", "")
    return Shown(word) if word in list(Shown) else None
