"""What the owner answers to a review, and why one is hidden."""

from flask_babel import lazy_gettext as _

from storefront.admin.forms.fields import OwnerForm, line_field, text_field
from storefront.reviews.service import LONGEST_REPLY


class ReplyForm(OwnerForm):
    """The answer under a review."""

    words = text_field(_("Your answer"), LONGEST_REPLY)


class HideForm(OwnerForm):
    """Why a review is taken out of the shop."""

    reason = line_field(_("Reason"), 300, _("Please say why; it is kept in the journal."))
