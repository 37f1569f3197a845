"""What learners write: notes, questions, the name on a certificate."""

import re
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length, StopValidation

from storefront.core.texts import tame
from storefront.learning import discussion, notes
from storefront.learning.certificates import LONGEST_NAME
from storefront.learning.progress import MOST_SECONDS


def _line(text: str | None) -> str:
    return tame(text)


def _lines(text: str | None) -> str:
    return tame(text, lines=True)


def _at_most(longest: int) -> Length:
    return Length(max=longest, message=_("Please use at most %(max)d characters."))


class SecondField(StringField):  # type: ignore[misc]  # wtforms is not typed
    """A place in a film such as ``3:20``; ``seconds`` is what it means, None when empty."""

    seconds: int | None = None

    def pre_validate(self, form: Any) -> None:
        """Read minutes and seconds."""
        text = tame(self.data)
        if not text:
            return
        if not re.fullmatch(r"[0-9]{1,4}(:[0-5]?[0-9]){1,2}", text, re.ASCII):
            raise StopValidation(gettext("Please enter minutes and seconds, such as 3:20."))
        seconds = 0
        for part in text.split(":"):
            seconds = seconds * 60 + int(part)
        self.seconds = min(seconds, MOST_SECONDS)


class NoteForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is not typed
    """A note, and where in the film it belongs."""

    note = TextAreaField(
        _("Note"), [DataRequired(_("Please write something.")), _at_most(notes.LONGEST)], filters=[_lines]
    )
    at = SecondField(_("At"))


class PostForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is not typed
    """A question or an answer, and the name that its author wants to show."""

    words = TextAreaField(
        _("Your question"),
        [DataRequired(_("Please write something.")), _at_most(discussion.LONGEST)],
        filters=[_lines],
    )
    author_name = StringField(_("Name to show"), [_at_most(60)], filters=[_line])


class NameForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is not typed
    """The name on a certificate."""

    name = StringField(
        _("Name on the certificate"),
        [DataRequired(_("Please enter your name.")), _at_most(LONGEST_NAME)],
        filters=[_line],
    )
