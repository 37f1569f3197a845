"""What the player of a lesson plays: the seam between lessons and films (``fulfilment.watching``).

Templates draw it by ``learning/_media.html`` and nothing else; ``static/js/player.js`` says at its beginning what it
promises to others.
"""

from dataclasses import dataclass, replace

from storefront.catalog.models import Lesson
from storefront.core.clock import now
from storefront.core.errors import NotFound
from storefront.fulfilment import watching
from storefront.fulfilment.service import Holding
from storefront.fulfilment.watching import Playback, Source
from storefront.learning.classroom import Classroom, opening_of
from storefront.media import service as media
from storefront.storage.service import signed_url


@dataclass(frozen=True, slots=True)
class Shown:
    """A film or sound as the owner looks at it: one address, no renewal."""

    is_sound: bool
    url: str


def playback_of(room: Classroom, lesson: Lesson, start: int) -> Playback | None:
    """Return where a learner's player finds the film or sound; ``start`` stands in the address, too."""
    found = watching.of_lesson(room.holding, lesson) if room.holding else None
    if found is None or not start:
        return found
    return replace(found, sources=[Source(f"{one.url}#t={start}", one.content_type) for one in found.sources])


def shown_to_owner(room: Classroom, lesson: Lesson) -> Shown | None:
    """Return the film or sound for the owner who looks at the lesson as a buyer."""
    if not room.is_preview or lesson.media is None:
        return None
    best = media.best_of(lesson.media)
    return Shown(best.content_type.startswith("audio/"), signed_url(best, inline=True))


def refuse_locked(holding: Holding, lesson: Lesson) -> None:
    """Close the ways to a film of a lesson that opens later: renewed addresses, playlists, keys.

    Raises:
        NotFound: it is locked.
    """
    moment = opening_of(lesson, holding.entitlement)
    if moment is not None and moment > now():
        raise NotFound
