"""What the owner sees and does while films and sounds are prepared, for lessons and for files alike."""

import io

from flask import Response, flash
from flask_babel import gettext

from storefront.admin.views.asking import fragment, sent_files
from storefront.catalog.models import Lesson
from storefront.catalog.pixels import as_webp, decoded
from storefront.core.db import session, unit_of_work
from storefront.core.errors import NotFound
from storefront.media import service as media
from storefront.storage import service as storage
from storefront.storage.models import StoredFile

_WIDEST = 1280


def show_state(file_id: int, page: str, address: str) -> Response:
    """Return the piece of a page that says how far the preparing is, and asks again while it goes on."""
    return fragment(
        "admin/products/_preparation.html", media=media.find(file_id), preparation_url=address, page=page
    )


def prepare_again(stored: StoredFile | None) -> None:
    """Have a film or sound prepared, for the first time or once more.

    Raises:
        NotFound: there is none.
    """
    if stored is None or not media.is_media(stored.content_type):
        raise NotFound
    with unit_of_work():
        if media.find(stored.id) is None:
            media.want(stored)
        else:
            media.again(stored.id)
    flash(gettext("It is being prepared. The film plays as it is until then."), "success")


def poster_sent() -> storage.Upload:
    """Take a picture for a player: looked at, made anew and not too large.

    Raises:
        NothingSent: there is none. BadPicture: it is none, or has too many pixels.
    """
    picture = decoded(sent_files()[0].stream.read())
    picture.thumbnail((_WIDEST, _WIDEST))
    return storage.upload(io.BytesIO(as_webp(picture)), "poster.webp", is_ours=True)


def poster_url(lesson: Lesson) -> str | None:
    """Return where the owner sees the picture of a lesson's player: the one that was sent, or one of the film."""
    own = session().get(StoredFile, lesson.poster_id) if lesson.poster_id else None
    prepared = media.find(lesson.media.id) if lesson.media else None
    poster = own or (prepared.poster if prepared else None)
    return storage.signed_url(poster, inline=True) if poster else None
