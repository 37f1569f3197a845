"""What the owner answers to a learner, and why something is hidden."""

from flask_babel import lazy_gettext as _

from storefront.admin.forms.fields import OwnerForm, line_field, text_field
from storefront.learning.discussion import LONGEST


class AnswerForm(OwnerForm):
    """The answer under a question."""

    words = text_field(_("Your answer"), LONGEST, _("Please write something."))


class HidePostForm(OwnerForm):
    """Why a question or an answer is taken away from the learners."""

    reason = line_field(_("Reason"), 300, _("Please say why; it is kept in the journal."))


class RevokeForm(OwnerForm):
    """Why a certificate is taken back."""

    reason = line_field(_("Reason"), 300, _("Please say why; it is kept in the journal."))
