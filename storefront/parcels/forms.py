"""What a buyer fills in to return something."""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField, SelectChoice, SelectField, TextAreaField
from wtforms.validators import InputRequired, Length

from storefront.core.ids import new_public_id
from storefront.parcels.returning import LONGEST_WORDS, ReturnInput
from storefront.parcels.states import ReturnReason, ReturnWish


def reason_word(reason: ReturnReason) -> str:
    """Return a reason in words, in the page's language."""
    words = {
        ReturnReason.CHANGED_MIND: gettext("I do not want it any more"),
        ReturnReason.DAMAGED: gettext("It is damaged or does not work"),
        ReturnReason.WRONG_THING: gettext("It is not what I ordered"),
        ReturnReason.NOT_AS_DESCRIBED: gettext("It is not as described"),
        ReturnReason.OTHER: gettext("Another reason"),
    }
    return str(words[reason])


class ReturnForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is not typed
    """Which pieces, why, and what for. The pieces are fields of the page, one for each line."""

    key = HiddenField()
    reason = SelectField(_("Why"), [InputRequired(_("Please choose a reason."))])
    wish = RadioField(_("What would you like?"), default=ReturnWish.REFUND.value)
    words = TextAreaField(_("Anything we should know"), [Length(max=LONGEST_WORDS)])

    def __init__(self, *places: Any, **values: Any) -> None:
        super().__init__(*places, **values)
        self.reason.choices = [
            SelectChoice("", ""),
            *(SelectChoice(one.value, reason_word(one)) for one in ReturnReason),
        ]
        self.wish.choices = [
            SelectChoice(ReturnWish.REFUND.value, gettext("My money back")),
            SelectChoice(ReturnWish.EXCHANGE.value, gettext("The same again, or another size or kind")),
        ]
        if not self.key.data or len(self.key.data) > 22:
            self.key.data = new_public_id()

    def wanted(self, pieces: dict[int, int]) -> ReturnInput:
        """Return what was filled in."""
        words = "".join(letter for letter in self.words.data or "" if letter.isprintable() or letter == "\n")
        return ReturnInput(
            key=self.key.data,
            pieces=pieces,
            reason=ReturnReason(self.reason.data),
            wish=ReturnWish(self.wish.data),
            words=words.strip(),
        )


def pieces_sent(form: Any, prefix: str = "pieces-") -> dict[int, int]:
    """Return the pieces by line that a page has sent; what is no small number counts as -1, which fits nowhere."""
    found = {}
    for name, text in form.items():
        line_id = name.removeprefix(prefix)
        if name.startswith(prefix) and line_id.isascii() and line_id.isdigit() and len(line_id) < 18:
            plain = text.strip() or "0"
            found[int(line_id)] = int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 6 else -1
    return found
