"""Whom the shop may remind of a checkout that they left."""

from storefront.core import db
from storefront.shop.service import forget, get_profile
from storefront.shop.states import Reminder


def save_recovery(recovery: Reminder, hours: int) -> dict[str, list[str]]:
    """Change in the current unit who is reminded of a checkout that they left, and when; return what changed."""
    profile = get_profile()
    changed = {
        name: [str(getattr(profile, name)), str(after)]
        for name, after in (("recovery", recovery), ("recovery_hours", hours))
        if getattr(profile, name) != after
    }
    profile.recovery, profile.recovery_hours = recovery, hours
    db.session().flush()
    db.after_commit(forget)
    return changed
