"""Whether and when the shop writes to who left before paying."""

from flask_babel import lazy_gettext as _
from wtforms import IntegerField, SelectChoice, SelectField
from wtforms.validators import InputRequired, NumberRange

from storefront.admin.forms.fields import OwnerForm
from storefront.shop.states import Reminder

_WRONG = _("Please enter a number of hours from 1 to 48.")


class RecoveryForm(OwnerForm):
    """The rule."""

    recovery = SelectField(
        _("Who gets one mail"),
        choices=[
            SelectChoice(Reminder.OFF.value, _("Nobody")),
            SelectChoice(Reminder.CONSENT.value, _("Who ticks a box at the checkout")),
            SelectChoice(Reminder.OBJECTION.value, _("Everybody who does not tick a box against it")),
        ],
    )
    hours = IntegerField(_("Hours after they left"), [InputRequired(_WRONG), NumberRange(1, 48, _WRONG)])
