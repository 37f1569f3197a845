"""Small things that all views of the owner share: what was asked for, and the page that asks back."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple, cast

from flask import Response, jsonify, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.accounts.forms import trimmed
from storefront.catalog.pictures import PictureView, cover_view
from storefront.core.errors import N_, ShopError
from storefront.storage import parts
from storefront.storage import service as storage
from storefront.storage.service import Upload
from storefront.web.pages import go, own_path, render_page, wants_fragment
from storefront.web.setup import settings

LONGEST_QUERY = 100
MOST_FILES = 20


class Sent(NamedTuple):
    """A file that was sent, and what its sender calls it."""

    stream: BinaryIO
    filename: str


class NothingSent(ShopError):
    """A form for a file came without one."""

    status = 422
    sentence = N_("Please choose a file first.")


def words_asked() -> str:
    """Return what was searched for, without characters that are no text."""
    return words_in(request.args)


def words_in(asked: Mapping[str, str]) -> str:
    """Return the same of a query or of a form that repeats one."""
    return trimmed(asked.get("q", ""))[:LONGEST_QUERY]


def before_asked() -> int | None:
    """Return where a list goes on, when the address says so."""
    before = request.args.get("before", "")
    return int(before) if re.fullmatch(r"[0-9]{1,18}", before) else None


def back_to(default: str) -> str:
    """Return the page of ours that the form says it stands on."""
    return own_path(request.form.get("back"), default)


def wanted_order() -> tuple[list[str], str | None]:
    """Return the names of a list in the order that was sent, and the step to make (``NAME:up``)."""
    return request.form.getlist("order")[:1000], request.form.get("move")


def sent_files(name: str = "file") -> list[Sent]:
    """Return the files that were sent under that name.

    Raises:
        NothingSent: there is none.
    """
    files = [
        Sent(cast(BinaryIO, sent.stream), sent.filename)
        for sent in request.files.getlist(name)
        if sent.filename
    ]
    if not files:
        raise NothingSent
    return files[:MOST_FILES]


def received(name: str = "file") -> Iterator[Upload]:
    """Yield what was sent for that field, put into the storage: files of the form, or what came in parts before it.

    Raises:
        NothingSent: there is none. TooLarge, EmptyFile: see ``storage.upload``. NotFound, Refused: see ``parts``.
    """
    in_parts = request.form.getlist("upload")[:MOST_FILES]
    for public_id in in_parts:
        yield parts.finish(public_id)
    for sent in [] if in_parts else sent_files(name):
        yield storage.upload(sent.stream, sent.filename)


def bare(path: str) -> str:
    """Return a path of this shop without its language, so that it is the same in all of them."""
    return path.removeprefix(request.script_root) if path.startswith(f"{request.script_root}/") else path


def begun_uploads(place: str) -> list[dict[str, Any]]:
    """Return what was begun for the form that goes to ``place`` and is not all there, for the page."""
    return [
        {
            "id": upload.public_id,
            "filename": upload.filename,
            "size": upload.size,
            "percent": int(f"{len(parts.arrived(upload)) / parts.count_parts(upload):.0%}".rstrip("%")),
        }
        for upload in parts.waiting_for(bare(place))
    ]


def answer_upload(page: str) -> BaseResponse:
    """Answer an upload: programs that ask for JSON get the address of the page, browsers go there."""
    return jsonify(location=page) if _wants_json() else go(page)


def refusal_of(error: ShopError) -> str:
    """Return why an upload was refused, to be shown at its field; programs get the error itself."""
    if _wants_json():
        raise error
    return str(gettext(error.sentence, **error.values))


def _wants_json() -> bool:
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def fragment(template: str, **context: Any) -> Response:
    """Return a piece of a page alone."""
    return Response(render_template(template, **context), mimetype="text/html")


def previewed_name() -> str:
    """Return which field's text shall be shown as it will look."""
    return request.form.get("preview", "")


def ask_to_take_picture(picture: dict[str, Any] | None, action: str, back: str) -> Response:
    """Ask before the picture of a category or a collection is deleted."""
    return ask(
        gettext("Remove this picture?"),
        gettext("It will be gone for good."),
        action=action,
        button=gettext("Remove the picture"),
        back=back,
        picture=cover_view(picture) if picture else None,
    )


def preview_of(form: Any) -> Response | None:
    """Return how that text will look, when the page wants nothing else."""
    name = previewed_name()
    if not wants_fragment() or name not in form:
        return None
    return fragment("admin/_preview.html", name=name, text=form[name].data, label=form[name].label.text)


def most_bytes() -> int:
    """Return how large a file may be that the owner sends."""
    return settings().max_upload_mb * 1_000_000


def choose_between(form: Any, saved: Any, title: str) -> Response:
    """Return the page that asks, field by field, what to keep, since another window has saved the same thing.

    ``form`` is as it was typed, ``saved`` one of what is saved now. Nothing is written; what the page sends goes where
    the form went, and is saved once.
    """
    differences = form.differences(saved)
    form.rebase(saved)
    form.base.data = saved.base.data
    asked = {each.name for each in differences if each.chosen is not None}
    return render_page(
        "admin/choose.html",
        status=409,
        title=title,
        here=request.script_root + request.path,
        differences=differences,
        sent=[(name, value) for name, value in form.sent_values() if name not in asked],
    )


def ask(
    title: str, question: str, *, action: str, button: str, back: str, picture: PictureView | None = None
) -> Response:
    """Return the page that asks before something that can't be undone; "yes" goes to ``action`` by POST."""
    return render_page(
        "admin/ask.html",
        title=title,
        question=question,
        action=action,
        button=button,
        back=back,
        picture=picture,
    )
