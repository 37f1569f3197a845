"""The words of a mail, as the owner writes them."""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from storefront.admin.forms.fields import SeenForm, add_error, line_field, state_of, text_field
from storefront.notifications.rendering import MailKind
from storefront.notifications.writing import LONGEST_BODY, LONGEST_SUBJECT, BrokenSource, Source, check


class MailWordsForm(SeenForm):
    """A subject, and a text in markdown with the facts of the mail."""

    subject = line_field(_("Subject"), LONGEST_SUBJECT, _("Please enter a subject."))
    body = text_field(_("Text"), LONGEST_BODY, _("Please enter a text."))

    @property
    def source(self) -> Source:
        """What was written."""
        return Source(self.subject.data or "", self.body.data or "")

    def validate_for(self, kind: MailKind) -> bool:
        """Whether a mail of that kind can be written from it; what is wrong stands at its field."""
        is_filled_in = bool(self.validate())
        used = self._check("subject", kind) | self._check("body", kind)
        lacking = [name for name, variable in kind.variables.items() if variable.needed and name not in used]
        if is_filled_in and not self.errors and lacking:
            sentence = gettext(
                "This mail is of no use without {{ %(name)s }}. Please put it into the text.", name=lacking[0]
            )
            add_error(self, "body", sentence)
        return is_filled_in and not self.errors

    def _check(self, name: str, kind: MailKind) -> set[str]:
        try:
            return check(self[name].data or "", kind.known)
        except BrokenSource as broken:
            add_error(self, name, gettext(broken.sentence, **broken.values))
            return set()


def mail_words_form(source: Source, sent: Any = None) -> MailWordsForm:
    """Return the form, filled with the words in use or with what was sent."""
    values = {"seen": words_state(source), "subject": source.subject, "body": source.body}
    return MailWordsForm(sent, data=values)


def words_state(source: Source) -> str:
    """Return a mark of what the form shows."""
    return state_of(source.subject, source.body)
