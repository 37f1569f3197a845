"""What people fill in about their account."""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import (
    EmailField,
    Field,
    Form,
    HiddenField,
    PasswordField,
    SelectChoice,
    SelectField,
    StringField,
    ValidationError,
)
from wtforms.validators import InputRequired, Length

from storefront.accounts import passwords
from storefront.accounts.addresses import BadAddressError, normalise_email
from storefront.core.settings import LANGUAGES
from storefront.web.language import NAMES

_LANGUAGES = [SelectChoice(value=code, label=NAMES[code]) for code in LANGUAGES]


def trimmed(value: str | None) -> str:
    """Return the text without space around it and without characters that are no text."""
    kept = "".join(letter for letter in value or "" if letter.isprintable() or letter.isspace())
    return " ".join(kept.split())


def an_email(form: Form, field: Field) -> None:
    """Refuse what is no e-mail address; what is one becomes the spelling that the shop keeps."""
    try:
        field.data = normalise_email(field.data or "")
    except BadAddressError as error:
        raise ValidationError(gettext("Please enter an e-mail address such as name@example.org.")) from error


class LoginForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is not typed
    """Who, and the proof."""

    email = EmailField(_("E-mail"), [InputRequired(_("Please enter your e-mail address.")), an_email])
    password = PasswordField(_("Password"), [InputRequired(_("Please enter your password."))])
    next = HiddenField()


class RegisterForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is not typed
    """What an account needs: an address and a password."""

    email = EmailField(_("E-mail"), [InputRequired(_("Please enter your e-mail address.")), an_email])
    password = PasswordField(_("Password"), [InputRequired(_("Please choose a password."))])
    next = HiddenField()

    def validate_password(self, field: Field) -> None:
        """Refuse a password that would be guessed at once."""
        _refuse_weak(field, str(self.email.data or ""))


class ForgotPasswordForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is not typed
    """Whose password is to be set anew."""

    email = EmailField(_("E-mail"), [InputRequired(_("Please enter your e-mail address.")), an_email])


class NewPasswordForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is not typed
    """A new password, after a mailed link."""

    password = PasswordField(_("New password"), [InputRequired(_("Please choose a password."))])

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._email = email

    def validate_password(self, field: Field) -> None:
        """Refuse a password that would be guessed at once."""
        _refuse_weak(field, self._email)


class ChangePasswordForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is not typed
    """A new password, by whoever knows the old one."""

    current_password = PasswordField(
        _("Current password"), [InputRequired(_("Please enter your current password."))]
    )
    new_password = PasswordField(_("New password"), [InputRequired(_("Please choose a password."))])

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._email = email

    def validate_new_password(self, field: Field) -> None:
        """Refuse a password that would be guessed at once."""
        _refuse_weak(field, self._email)


class DetailsForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is not typed
    """What the shop calls them, and in which language it writes to them."""

    name = StringField(
        _("Name"), [Length(max=120, message=_("Please use at most 120 characters."))], filters=[trimmed]
    )
    language = SelectField(_("Language of your mails"), choices=_LANGUAGES)


class CodeForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is not typed
    """The six digits from the mail."""

    code = StringField(
        _("Code"), [InputRequired(_("Please enter the code from the mail."))], filters=[trimmed]
    )

    def validate_code(self, field: Field) -> None:
        """Take the digits however they are grouped or typed; anything else is no code."""
        digits = "".join(str(int(letter)) for letter in field.data if letter.isdecimal())
        if len(digits) != 6 or len(field.data) > 20:
            raise ValidationError(gettext("The code has six digits."))
        field.data = digits


def _refuse_weak(field: Field, email: str) -> None:
    objection = passwords.objection_to(field.data or "", email)
    if objection is not None:
        raise ValidationError(objection)
