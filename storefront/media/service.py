"""What is made of a film or sound: asked for when it is uploaded, made by the worker, forgotten with the file.

The original plays from the first moment on. What is made appears all at once, when it is complete.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from storefront.core import db
from storefront.core.clock import now
from storefront.core.ids import new_public_id
from storefront.jobs.service import enqueue
from storefront.media import playing_time
from storefront.media.models import MediaState, PreparedMedia
from storefront.storage import seeking
from storefront.storage import service as storage
from storefront.storage.models import StoredFile
from storefront.storage.service import Upload

PREPARE = "media.prepare"
HLS_FOLDER = "hls/"

Measured = Callable[[int, int], None]
_told: list[Measured] = []


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of one file and lies in the storage, without rows yet. ``seconds`` of playing time."""

    seconds: int | None = None
    width: int | None = None
    height: int | None = None
    poster: Upload | None = None
    web: Upload | None = None
    hls_prefix: str | None = None
    hls_key: bytes | None = None
    hls: list[dict[str, Any]] | None = None

    @property
    def state(self) -> MediaState:
        """Whether there is more than the original."""
        return MediaState.READY if self.web or self.hls or self.poster else MediaState.ORIGINAL


def tell_when_measured(measured: Measured) -> None:
    """Have the function called with a file's id and its playing time in seconds, in the unit that learns it."""
    if measured not in _told:
        _told.append(measured)


def is_media(content_type: str) -> bool:
    """Whether this is a film or a sound."""
    return content_type.startswith(("video/", "audio/"))


def seconds_of(upload: Upload) -> int | None:
    """Return the playing time that an uploaded file says of itself, or None; call it with no unit running."""
    if not is_media(upload.content_type):
        return None
    with seeking.opened(upload.key, upload.size) as stream:
        return playing_time.playing_time(stream)


def want(stored: StoredFile) -> None:
    """Have a film or sound prepared, in the current unit; quiet for other files and when it was wanted before."""
    if not is_media(stored.content_type) or find(stored.id) is not None:
        return
    media = PreparedMedia(file_id=stored.id, state=MediaState.WAITING, percent=0)
    db.session().add(media)
    db.session().flush()
    _enqueue(stored.id)


def again(file_id: int) -> None:
    """Have a file prepared once more, in the current unit; what there is stays until it is done."""
    media = db.get_or_404(PreparedMedia, PreparedMedia.file_id == file_id, for_update=True)
    if media.state not in (MediaState.WAITING, MediaState.WORKING):
        media.state, media.percent, media.reason, media.updated_at = MediaState.WAITING, 0, None, now()
        _enqueue(file_id)


def find(file_id: int) -> PreparedMedia | None:
    """Return what is known of a film or sound, with its files."""
    statement = select(PreparedMedia).where(PreparedMedia.file_id == file_id)
    return db.session().scalar(
        statement.options(selectinload(PreparedMedia.poster), selectinload(PreparedMedia.web))
    )


def find_all(file_ids: Iterable[int]) -> dict[int, PreparedMedia]:
    """Return the same of many, by the file's id (3 queries)."""
    statement = select(PreparedMedia).where(PreparedMedia.file_id.in_(list(file_ids)))
    loaded = statement.options(selectinload(PreparedMedia.poster), selectinload(PreparedMedia.web))
    return {media.file_id: media for media in db.session().scalars(loaded)}


def best_of(stored: StoredFile) -> StoredFile:
    """Return the form of a film or sound that plays everywhere, or the original while there is none."""
    media = find(stored.id) if is_media(stored.content_type) else None
    return media.web if media and media.web else stored


def segment_key(prefix: str, height: int, number: int) -> str:
    """Return where a piece of a film lies in the storage."""
    return f"{prefix}/{height}/{number:05d}.ts"


def note(file_id: int, made: Made) -> None:
    """Put what was made in the place of what there was, in the current unit."""
    session = db.session()
    statement = select(PreparedMedia).where(PreparedMedia.file_id == file_id).with_for_update()
    media = session.scalar(statement.execution_options(populate_existing=True))
    if media is None:
        # The file was deleted while we worked: nobody will ask for what was made of it.
        db.after_commit(lambda: discard(made))
        return
    _forget_made(media)
    media.state, media.percent, media.reason, media.updated_at = made.state, 100, None, now()
    media.duration_seconds, media.width, media.height = made.seconds, made.width, made.height
    media.poster_id = storage.register(made.poster).id if made.poster else None
    media.web_id = storage.register(made.web).id if made.web else None
    media.hls_prefix, media.hls_key, media.hls = made.hls_prefix, made.hls_key, made.hls
    session.flush()
    if made.seconds:
        for tell in _told:
            tell(file_id, made.seconds)


def note_failure(file_id: int, reason: str) -> None:
    """Say in the current unit why nothing was made; the original plays on."""
    media = db.session().scalar(select(PreparedMedia).where(PreparedMedia.file_id == file_id))
    if media is not None:
        media.state, media.reason, media.updated_at = MediaState.FAILED, reason, now()


def forget(stored: StoredFile) -> None:
    """Delete in the current unit what was made of a file that is about to be deleted."""
    statement = select(PreparedMedia).where(PreparedMedia.file_id == stored.id).with_for_update()
    media = db.session().scalar(statement)
    if media is not None:
        _forget_made(media)
        db.session().delete(media)
        db.session().flush()


def discard(made: Made) -> None:
    """Throw away what was made in vain; what is left over is swept by its age."""
    storage.forget_objects([upload.key for upload in (made.poster, made.web) if upload])
    if made.hls_prefix:
        _forget_segments(made.hls_prefix)


def _forget_made(media: PreparedMedia) -> None:
    prefix, files = media.hls_prefix, [id_ for id_ in (media.poster_id, media.web_id) if id_]
    media.poster_id = media.web_id = media.hls_prefix = media.hls_key = media.hls = None
    db.session().flush()
    for file_id in files:
        storage.remove(db.session().get_one(StoredFile, file_id))
    if prefix:
        db.after_commit(lambda: _forget_segments(prefix))


def _forget_segments(prefix: str) -> None:
    storage.forget_objects([found.key for found in storage.store().list(f"{prefix}/")])


def _enqueue(file_id: int) -> None:
    enqueue(
        PREPARE,
        unique_key=f"{PREPARE}:{file_id}:{new_public_id()}",
        topic=f"media:{file_id}",
        file_id=file_id,
    )
