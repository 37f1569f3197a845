"""Playing what was bought: where a player finds a film or sound now, and the keys of its encrypted pieces.

Addresses die in minutes and are asked for again while one watches. Who may ask is decided at each question: a refund
or the end of the access closes the film at its next piece of the way.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from storefront.catalog.models import Chapter, Content, Lesson
from storefront.catalog.states import ContentKind
from storefront.core import db
from storefront.core.errors import NotFound
from storefront.fulfilment.service import Holding
from storefront.media import service as media
from storefront.media.models import MediaState, PreparedMedia
from storefront.storage import service as storage
from storefront.storage.models import StoredFile
from storefront.web.setup import settings

PLAYLIST = "application/vnd.apple.mpegurl"
# A playlist is asked for just before its key; a pause in between may be long.
_KEY_SECONDS = 3600
# Players ask for a playlist once and for its pieces as they go; the pieces are worth nothing without the key.
_PIECE_SECONDS = 24 * 3600
_RENEW_BEFORE_SECONDS = 120

Guard = Callable[[Holding, Lesson], None]
_guards: list[Guard] = []


@dataclass(frozen=True, slots=True)
class Playable:
    """A film or sound of a purchase, by itself or of a lesson. ``thing_id`` is the public id of either."""

    thing_id: str
    title: str
    stored: StoredFile
    poster: StoredFile | None
    is_stream_only: bool
    prepared: PreparedMedia | None


@dataclass(frozen=True, slots=True)
class Source:
    """One address of the film and what it is."""

    url: str
    content_type: str


@dataclass(frozen=True, slots=True)
class Playback:
    """All that a player needs. Paths are without language; addresses of ``sources`` and ``poster`` die in minutes.

    ``renew_path`` gives this anew as JSON; a player asks it every ``renew_seconds`` and when an address has died.
    ``hls_path`` is there when encrypted pieces in several sizes are. ``is_waiting``: a better form is being made.
    """

    kind: str
    sources: list[Source]
    poster: str | None
    hls_path: str | None
    renew_path: str
    renew_seconds: int
    download_path: str | None
    width: int | None
    height: int | None
    seconds: int | None
    is_waiting: bool

    @property
    def is_film(self) -> bool:
        """Whether there is something to see."""
        return self.kind == "video"


def guard(check: Guard) -> None:
    """Have the floor above look at each lesson that is to be played; it raises when the lesson is still locked."""
    if check not in _guards:
        _guards.append(check)


def find(holding: Holding, thing_id: str) -> Playable:
    """Return the film or sound of that id: a file of the purchase, or the media of one of its lessons.

    Raises:
        NotFound: the purchase has no such thing; and what a guard raises.
    """
    content = next((one for one in holding.contents if one.public_id == thing_id), None)
    if content is not None:
        return _of_content(content)
    return _of_lesson(holding, thing_id)


def playback(holding: Holding, playable: Playable) -> Playback:
    """Return where a player finds it now."""
    stored, prepared = playable.stored, playable.prepared
    path = f"/library/{holding.entitlement.public_id}/media/{playable.thing_id}"
    best = prepared.web if prepared and prepared.web else stored
    poster = playable.poster or (prepared.poster if prepared else None)
    holder = holding.entitlement.public_id
    return Playback(
        kind=best.content_type.partition("/")[0],
        sources=[Source(storage.signed_url(best, inline=True, holder=holder), best.content_type)],
        poster=storage.signed_url(poster, inline=True, holder=holder) if poster else None,
        hls_path=f"{path}/hls" if prepared and prepared.hls else None,
        renew_path=path,
        renew_seconds=storage.LINK_SECONDS - _RENEW_BEFORE_SECONDS,
        download_path=None if playable.is_stream_only else f"{path}/file",
        width=prepared.width if prepared else None,
        height=prepared.height if prepared else None,
        seconds=prepared.duration_seconds if prepared else None,
        is_waiting=prepared is not None and prepared.state in (MediaState.WAITING, MediaState.WORKING),
    )


def of_lesson(holding: Holding, lesson: Lesson) -> Playback | None:
    """Return where a player finds the film or sound of a lesson that the caller has let in; None when it has none."""
    if lesson.media_id is None:
        return None
    return playback(holding, _playable(lesson))


def main_playlist(playable: Playable, here: str) -> str:
    """Return the list of sizes; ``here`` is its own address.

    Raises:
        NotFound: there are no pieces of this film.
    """
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for size in _sizes(playable):
        shape = f"{size['width']}x{size['height']}"
        lines += [
            f"#EXT-X-STREAM-INF:BANDWIDTH={size['bandwidth']},RESOLUTION={shape}",
            f"{here}/{size['height']}",
        ]
    return "\n".join(lines) + "\n"


def size_playlist(holding: Holding, playable: Playable, height: int, key_path: str) -> str:
    """Return the list of the pieces of one size, with the address of their key, which dies within the hour.

    Raises:
        NotFound: there is no such size.
    """
    size = next((one for one in _sizes(playable) if one["height"] == height), None)
    prepared = playable.prepared
    if size is None or prepared is None or prepared.hls_prefix is None:
        raise NotFound
    token = _signer().dumps([holding.entitlement.public_id, playable.thing_id])
    seconds: list[float] = size["durations"]
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:3",
        f"#EXT-X-TARGETDURATION:{max(1, *(round(each) for each in seconds))}",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        f'#EXT-X-KEY:METHOD=AES-128,URI="{key_path}?{urlencode({"token": token})}"',
    ]
    for number, each in enumerate(seconds):
        key = media.segment_key(prepared.hls_prefix, height, number)
        lines += [f"#EXTINF:{each:.6f},", storage.piece_url(key, _PIECE_SECONDS)]
    return "\n".join([*lines, "#EXT-X-ENDLIST"]) + "\n"


def key_of(holding: Holding, playable: Playable, token: str) -> bytes:
    """Return the key of the pieces for a token that a playlist of this purchase has just given.

    Raises:
        NotFound: the token is not ours, too old, or of another purchase or film.
    """
    try:
        named = _signer().loads(token, max_age=_KEY_SECONDS)
    except BadSignature as error:
        raise NotFound from error
    if named != [holding.entitlement.public_id, playable.thing_id] or playable.prepared is None:
        raise NotFound
    if playable.prepared.hls_key is None:
        raise NotFound
    return playable.prepared.hls_key


def _of_content(content: Content) -> Playable:
    if (
        content.kind is not ContentKind.FILE
        or content.file is None
        or not media.is_media(content.file.content_type)
    ):
        raise NotFound
    return Playable(
        content.public_id,
        content.title,
        content.file,
        None,
        content.is_stream_only or not _is_free(content),
        media.find(content.file.id),
    )


def _is_free(content: Content) -> bool:
    """Whether it may be taken home without being counted; else it has a button of its own for that."""
    return content.download_limit is None and content.download_days is None


def _of_lesson(holding: Holding, lesson_id: str) -> Playable:
    statement = (
        select(Lesson)
        .join(Chapter, Chapter.id == Lesson.chapter_id)
        .where(
            Lesson.public_id == lesson_id,
            Lesson.media_id.is_not(None),
            Chapter.content_id.in_([content.id for content in holding.contents]),
        )
        .options(selectinload(Lesson.media), selectinload(Lesson.poster))
    )
    lesson = db.session().scalar(statement)
    if lesson is None:
        raise NotFound
    for check in _guards:
        check(holding, lesson)
    return _playable(lesson)


def _playable(lesson: Lesson) -> Playable:
    stored = db.session().get_one(StoredFile, lesson.media_id)
    poster = db.session().get(StoredFile, lesson.poster_id) if lesson.poster_id else None
    return Playable(
        lesson.public_id, lesson.title, stored, poster, lesson.is_stream_only, media.find(stored.id)
    )


def _sizes(playable: Playable) -> list[dict[str, Any]]:
    if playable.prepared is None or not playable.prepared.hls:
        raise NotFound
    return playable.prepared.hls


def _signer() -> URLSafeTimedSerializer:
    # itsdangerous signs with the last key; our settings name the newest first.
    return URLSafeTimedSerializer(list(reversed(settings().signing_keys)), salt="fulfilment.media-key")
