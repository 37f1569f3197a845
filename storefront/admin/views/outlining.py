"""What the page of a course shows besides what every content has."""

from collections.abc import Mapping
from typing import Any

from storefront.admin.forms.courses import outline_state
from storefront.catalog.models import Content
from storefront.catalog.states import ContentKind
from storefront.learning import certificates


def course_context(
    content: Content, typed: Mapping[str, str] | None = None, refusal: str = ""
) -> dict[str, Any]:
    """Return the outline's mark, titles that were typed and not saved, and why; nothing for what is no course."""
    if content.kind is not ContentKind.COURSE:
        return {}
    return {
        "seen": outline_state(content),
        "typed": typed or {},
        "outline_refusal": refusal,
        "certificates_issued": certificates.count_issued(content.id),
    }
