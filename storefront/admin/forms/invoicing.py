"""Who sells, how invoices are numbered, and the texts that buyers agree to, as the owner fills them in."""

import re

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import BooleanField, StringField, ValidationError

from storefront.admin.forms.fields import OwnerForm, line_field, text_field


class InvoicingForm(OwnerForm):
    """The head of all documents, and their numbers."""

    seller_name = line_field(_("Name or company"), 200)
    seller_address = text_field(_("Postal address"), 1000)
    vat_id = line_field(_("VAT id"), 40)
    tax_number = line_field(_("Tax number"), 60)
    note = text_field(_("Note at the end"), 2000)
    prefix = line_field(_("Invoice numbers begin with"), 20)
    credit_prefix = line_field(_("Numbers of credit notes begin with"), 20)
    has_year = BooleanField(_("Begin anew each year, with the year in the number"))

    def validate_prefix(self, field: StringField) -> None:
        """What stands in file names and books."""
        if not re.fullmatch(r"[A-Za-z0-9._-]{0,20}", field.data or ""):
            raise ValidationError(gettext("Use letters, digits, dots and dashes."))

    def validate_credit_prefix(self, field: StringField) -> None:
        """Credit notes have a series of their own."""
        self.validate_prefix(field)
        if field.data == self.prefix.data:
            raise ValidationError(gettext("Credit notes need another beginning than invoices."))


class LegalForm(OwnerForm):
    """The texts, and where they are asked for."""

    terms = text_field(_("Terms of sale"))
    terms_zh = text_field(_("Terms of sale in Chinese"))
    waiver = text_field(_("Sentence beside the box for digital goods"), 1000)
    waiver_zh = text_field(_("The same in Chinese"), 1000)
    asks_terms = BooleanField(_("Buyers must tick a box that they agree to the terms"))
    asks_waiver = BooleanField(
        _("Buyers of digital goods must tick a box that they lose their right to withdraw")
    )
    offers_withdrawal = BooleanField(_("Show consumers where to withdraw from a contract"))

    def validate_asks_terms(self, field: BooleanField) -> None:
        """One can't agree to nothing."""
        if field.data and not self.terms.data:
            raise ValidationError(gettext("Please write the terms first."))

    def validate_asks_waiver(self, field: BooleanField) -> None:
        """The box needs its sentence."""
        if field.data and not self.waiver.data:
            raise ValidationError(gettext("Please write the sentence first."))
