"""What buyers fill in about what they have bought."""

from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectChoice, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from storefront.core.texts import tame
from storefront.reviews.models import Review
from storefront.reviews.service import LONGEST_BODY

RATINGS = (
    SelectChoice("5", _("5 – very good")),
    SelectChoice("4", _("4 – good")),
    SelectChoice("3", _("3 – all right")),
    SelectChoice("2", _("2 – not so good")),
    SelectChoice("1", _("1 – bad")),
)


def _line(text: str | None) -> str:
    return tame(text)


def _lines(text: str | None) -> str:
    return tame(text, lines=True)


def _at_most(longest: int) -> Length:
    return Length(max=longest, message=_("Please use at most %(max)d characters.", max=longest))


class ReviewForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is not typed
    """Stars, words, and a name of the author's own choosing."""

    rating = RadioField(_("Your rating"), [InputRequired(_("Please choose one."))], choices=RATINGS)
    title = StringField(_("In one line"), [_at_most(120)], filters=[_line])
    body = TextAreaField(
        _("Your review"),
        [_at_most(LONGEST_BODY)],
        filters=[_lines],
    )
    author_name = StringField(_("Name to show"), [_at_most(60)], filters=[_line])
    remove = SelectMultipleField(_("Remove"), validate_choice=False)


def review_form(review: Review | None, sent: Any = None) -> ReviewForm:
    """Return the form, filled with what the buyer wrote before."""
    if review is None or sent is not None:
        return ReviewForm(sent)
    texts = {"title": review.title, "body": review.body, "author_name": review.author_name}
    return ReviewForm(None, data={"rating": str(review.rating), **texts})
