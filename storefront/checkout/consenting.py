"""What buyers have agreed to, as the order keeps it: which version of which text, and when."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext

from storefront.core.clock import now
from storefront.shop.legal import Consent


def read_consents(
    form: Mapping[str, str], asked: Sequence[Consent]
) -> tuple[dict[str, Any] | None, dict[str, str]]:
    """Return what was agreed to, and what is missing by the name of its box.

    A text that has changed since the page was shown must be read again.
    """
    agreed: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for consent in asked:
        name = consent.kind.value
        if name not in form:
            errors[name] = gettext("Please tick this box to go on.")
        elif form.get(f"{name}_version") != str(consent.version):
            errors[name] = gettext("This text has changed meanwhile. Please read it again.")
        else:
            agreed[name] = {"version": consent.version, "at": now().isoformat()}
    return agreed or None, errors
