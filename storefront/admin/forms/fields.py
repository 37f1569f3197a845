"""Fields of the owner's forms: texts without odd characters, amounts, stocks, times, durations."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, NamedTuple

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import Form as PlainForm
from wtforms import HiddenField, SelectMultipleField, StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, Length, StopValidation
from wtforms.widgets import CheckboxInput, ListWidget

from storefront.accounts.addresses import BadAddressError, normalise_email
from storefront.accounts.forms import trimmed
from storefront.catalog.service.mistakes import InvalidField, SavedMeanwhile
from storefront.core.clock import UTC, datetime
from storefront.core.money import (
    InvalidAmount,
    Money,
    UnpayableAmount,
    exponent_of,
    known_currencies,
    parse_price,
    payable_step,
)

LONGEST_TEXT = 50_000
# Stripe takes amounts of up to eight digits.
HIGHEST_AMOUNT = 99_999_999
HIGHEST_STOCK = 1_000_000
LONGEST_SECONDS = 24 * 3600
MOST_CURRENCIES = 12


class OwnerForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is not typed
    """A form of the owner's; the token is checked before any view, for all forms alike."""

    class Meta:
        """How the form behaves."""

        csrf = False

    def refuse(self, error: InvalidField) -> None:
        """Show what a service did not accept at its field."""
        add_error(self, error.field, gettext(error.sentence, **error.values))


class Difference(NamedTuple):
    """A field that another window has saved differently.

    ``chosen`` is whose value is preselected: "mine", "theirs", or "" where both have changed it; None where there is no
    choice, because several boxes make no single value: they stay as they were typed here.
    """

    name: str
    label: str
    saved: str
    typed: str
    saved_value: str
    typed_value: str
    chosen: str | None


class ComparedForm(OwnerForm):
    """A form that remembers what its fields showed at first, so that two windows can be merged field by field."""

    base = HiddenField()

    def process(self, formdata: Any = None, *places: Any, **values: Any) -> None:
        """Fill the fields; one that is made from what is saved notes a short mark of each."""
        super().process(formdata, *places, **values)
        if not formdata:
            self.base.data = " ".join(
                f"{key}:{_mark(field)}" for key, field in keyed_fields(self).items() if any(values_of(field))
            )

    def differences(self, saved: "ComparedForm") -> list[Difference]:
        """Return in which fields this form, as it was typed, differs from one of what is saved now."""
        first = dict(part.rpartition(":")[::2] for part in (self.base.data or "").split())
        there = keyed_fields(saved)
        return [
            _difference(self.label_of(key, field), field, there[key], first.get(key, _MARK_OF_NOTHING))
            for key, field in keyed_fields(self).items()
            if key in there and values_of(field) != values_of(there[key])
        ]

    def label_of(self, key: str, field: Any) -> str:
        """Return how the field of that key is called, where several may have the same label."""
        return str(field.label.text)

    def sent_values(self) -> list[tuple[str, str]]:
        """Return what a browser would send of the form as it stands."""
        fields = (field for field in all_fields(self) if field.type not in _CONTAINERS)
        return [(field.name, value) for field in fields for value in values_of(field)]


class SeenForm(ComparedForm):
    """A form that knows the state it was made from, so that two windows don't overwrite each other unseen."""

    seen = HiddenField()

    def require(self, state: str) -> None:
        """Go on only if the thing still is as the form showed it.

        Raises:
            SavedMeanwhile: another window has changed it.
        """
        if self.seen.data != state:
            raise SavedMeanwhile

    def rebase(self, saved: Any) -> None:
        """Stand on what is saved now, so that saving again is a decision."""
        self.seen.data = saved.seen.data


class MultiCheckboxField(SelectMultipleField):  # type: ignore[misc]  # wtforms is not typed
    """Several of some choices, each with a box of its own."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def state_of(*facts: Any) -> str:
    """Return a short mark of these facts, different whenever one of them is."""
    return hashlib.sha256(json.dumps(facts, default=str, sort_keys=True).encode()).hexdigest()[:24]


def add_error(form: Any, name: str, sentence: str) -> None:
    """Put a sentence at the field of that name, at any depth (``variants-2-sku``), or above the form."""
    field = next((field for field in all_fields(form) if field.id == name), None)
    if field is None or field.type == "FieldList":
        form.form_errors.append(sentence)
    else:
        field.errors = [*field.errors, sentence]


def all_fields(form: Any) -> Iterator[Any]:
    """Return the fields of a form and of the forms inside it, in order."""
    for field in form:
        yield field
        if field.type == "FieldList":
            for entry in field.entries:
                yield from all_fields(entry.form)


def keyed_fields(form: Any) -> dict[str, Any]:
    """Return the fields that people fill in, by a name that stays when lines of a list are moved."""
    found: dict[str, Any] = {}
    for field in form:
        if field.type == "FieldList":
            for entry in field.entries:
                if entry.form.key:  # a new line is nobody else's
                    found |= {f"{entry.form.key}/{key}": one for key, one in keyed_fields(entry.form).items()}
        elif field.type not in ("HiddenField", *_CONTAINERS):
            found[field.short_name] = field
    return found


def values_of(field: Any) -> list[str]:
    """Return what a browser would send for the field."""
    if field.type == "BooleanField":
        return ["y" if field.data else ""]
    if isinstance(field.data, list | tuple):
        return [str(each) for each in field.data]
    return ["" if field.data is None else str(field.data)]


_CONTAINERS = ("FieldList", "FormField")


def _mark(field: Any) -> str:
    return hashlib.sha256("\0".join(values_of(field)).encode()).hexdigest()[:8]


_MARK_OF_NOTHING = hashlib.sha256(b"").hexdigest()[:8]


def _difference(label: str, typed: Any, saved: Any, first: str) -> Difference:
    is_mine, is_theirs = _mark(typed) != first, _mark(saved) != first
    chosen = "" if is_mine and is_theirs else "theirs" if is_theirs else "mine"
    return Difference(
        typed.name,
        label,
        _shown(saved),
        _shown(typed),
        "".join(values_of(saved)[:1]),
        "".join(values_of(typed)[:1]),
        None if isinstance(typed.data, list | tuple) else chosen,
    )


def _shown(field: Any) -> str:
    if field.type == "BooleanField":
        return str(gettext("yes") if field.data else gettext("no"))
    if field.type == "SelectField":
        return next(
            (str(choice.label) for choice in field.choices if choice.value == field.data),
            str(field.data or ""),
        )
    return ", ".join(values_of(field))


def whole(value: str | None) -> str:
    """Return a text of several lines without control characters, with plain line ends."""
    plain = (value or "").replace("\r\n", "\n").replace("\r", "\n")
    kept = (
        letter for letter in plain if letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cs")
    )
    return str("".join(kept).strip())


def line_field(label: Any, longest: int, required: Any = None, **options: Any) -> StringField:
    """Return a field for one line."""
    return StringField(label, [*_required(required), _at_most(longest)], filters=[trimmed], **options)


def text_field(
    label: Any, longest: int = LONGEST_TEXT, required: Any = None, **options: Any
) -> TextAreaField:
    """Return a field for text in markdown."""
    return TextAreaField(label, [*_required(required), _at_most(longest)], filters=[whole], **options)


class AmountField(StringField):  # type: ignore[misc]  # wtforms is not typed
    """An amount as people type it; ``amount`` is what it means in minor units, None when empty.

    Whoever makes the form sets ``currency``.
    """

    currency = "EUR"
    amount: int | None = None

    def pre_validate(self, form: PlainForm) -> None:
        """Read the amount; never through a float."""
        text = trimmed(self.data)
        if not text:
            return
        try:
            self.amount = parse_price(text[:30], self.currency)
        except UnpayableAmount as error:
            raise StopValidation(_unpayable(self.currency)) from error
        except InvalidAmount as error:
            example = plain_amount(Money(1990, self.currency))
            raise StopValidation(
                gettext("Please enter an amount such as %(example)s.", example=example)
            ) from error
        if self.amount > HIGHEST_AMOUNT:
            highest = plain_amount(Money(HIGHEST_AMOUNT, self.currency))
            raise StopValidation(gettext("The highest amount is %(amount)s.", amount=highest))


class StockField(StringField):  # type: ignore[misc]  # wtforms is not typed
    """How many there are; empty is as many as one likes."""

    units: int | None = None

    def pre_validate(self, form: PlainForm) -> None:
        """Read the number."""
        text = trimmed(self.data)
        if not text:
            return
        if not re.fullmatch(r"[0-9]{1,7}", text) or int(text) > HIGHEST_STOCK:
            raise StopValidation(
                gettext("Please enter a whole number up to 1,000,000, or nothing for unlimited.")
            )
        self.units = int(text)


class CountField(StringField):  # type: ignore[misc]  # wtforms is not typed
    """A number from 1 on; ``number`` is None when nothing was entered, which is without a limit."""

    number: int | None = None

    def pre_validate(self, form: PlainForm) -> None:
        """Read the number."""
        text = trimmed(self.data)
        if not text:
            return
        if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) < 1:
            raise StopValidation(gettext("Please enter a whole number from 1 on, or nothing for no limit."))
        self.number = int(text)


class OtherPricesField(StringField):  # type: ignore[misc]  # wtforms is not typed
    """Prices in other currencies such as ``USD 21.00, JPY 3000``; ``amounts`` are minor units by currency.

    Whoever makes the form sets ``own_currency``, in which the price itself stands.
    """

    own_currency = "EUR"

    def pre_validate(self, form: PlainForm) -> None:
        """Read currencies and amounts."""
        self.amounts: dict[str, int] = {}
        for part in re.split(r"[,;\uff0c\n]+(?=\s*[A-Za-z])", trimmed(self.data)[:500]) if self.data else []:
            currency, _sep, amount = part.strip().partition(" ")
            currency = currency.upper()
            if (
                currency not in known_currencies()
                or currency == self.own_currency
                or currency in self.amounts
            ):
                raise StopValidation(
                    gettext("Please name other currencies and amounts, such as USD 21.00, JPY 3000.")
                )
            try:
                self.amounts[currency] = parse_price(amount, currency)
            except UnpayableAmount as error:
                raise StopValidation(_unpayable(currency)) from error
            except InvalidAmount as error:
                raise StopValidation(
                    gettext("Please name other currencies and amounts, such as USD 21.00, JPY 3000.")
                ) from error


class CurrenciesField(StringField):  # type: ignore[misc]  # wtforms is not typed
    """Currencies such as ``USD, JPY``; ``codes`` are their ISO codes, each once."""

    def pre_validate(self, form: PlainForm) -> None:
        """Read the codes."""
        words = re.findall(r"[^\s,;\uff0c\u3001]+", trimmed(self.data)[:500].upper())
        self.codes = tuple(dict.fromkeys(words))
        if len(self.codes) > MOST_CURRENCIES or not known_currencies().issuperset(self.codes):
            raise StopValidation(
                gettext("Please name up to 12 currencies by their three letters, such as USD, JPY.")
            )


class MomentField(StringField):  # type: ignore[misc]  # wtforms is not typed
    """A day and time in UTC, as browsers send it; ``moment`` is aware."""

    moment: datetime | None = None

    def pre_validate(self, form: PlainForm) -> None:
        """Read the moment."""
        text = trimmed(self.data)
        if not text:
            return
        try:
            self.moment = datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)
        except ValueError as error:
            raise StopValidation(gettext("Please enter a day and time such as 2030-05-31 18:00.")) from error
        if not 2000 <= self.moment.year <= 2200:
            raise StopValidation(gettext("Please choose a year between 2000 and 2200."))


class DurationField(StringField):  # type: ignore[misc]  # wtforms is not typed
    """A duration such as ``3:20`` or ``1:02:00``; ``seconds`` is what it means."""

    seconds: int | None = None

    def pre_validate(self, form: PlainForm) -> None:
        """Read minutes and seconds."""
        text = trimmed(self.data)
        if not text:
            return
        if not re.fullmatch(r"[0-9]{1,4}(:[0-5]?[0-9]){1,2}", text):
            raise StopValidation(gettext("Please enter minutes and seconds, such as 3:20."))
        seconds = 0
        for part in text.split(":"):
            seconds = seconds * 60 + int(part)
        if seconds > LONGEST_SECONDS:
            raise StopValidation(gettext("That is more than a day."))
        self.seconds = seconds


def plain_amount(money: Money | None) -> str:
    """Return an amount as a form shows it: ``19.90``, without sign and grouping."""
    return "" if money is None else f"{money.decimal:.{exponent_of(money.currency)}f}"


def _unpayable(currency: str) -> str:
    step = plain_amount(Money(payable_step(currency), currency))
    return str(gettext("By card one pays in steps of %(step)s.", step=f"{currency} {step}"))


def plain_moment(moment: datetime | None) -> str:
    """Return a moment as browsers want it in a field."""
    return moment.strftime("%Y-%m-%dT%H:%M") if moment else ""


def plain_duration(seconds: int | None) -> str:
    """Return a duration as a form shows it."""
    if seconds is None:
        return ""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def chinese(**texts: str) -> dict[str, dict[str, str]]:
    """Return translations as the tables keep them."""
    return {"zh": texts}


def in_chinese(row: Any, name: str) -> str:
    """Return the Chinese text of a row, empty when there is none."""
    return str((row.translations or {}).get("zh", {}).get(name, ""))


def an_email_or_nothing(form: PlainForm, field: Any) -> None:
    """Refuse what is no e-mail address."""
    if not field.data:
        return
    try:
        field.data = normalise_email(field.data)
    except BadAddressError as error:
        raise ValidationError(gettext("Please enter an e-mail address such as name@example.org.")) from error


def _required(sentence: Any) -> list[Any]:
    return [DataRequired(sentence)] if sentence is not None else []


def _at_most(longest: int) -> Length:
    return Length(max=longest, message=_("Please use at most %(max)d characters.", max=longest))
