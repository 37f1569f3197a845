"""Large files in parts: begun, sent, continued after a cut, given up. See docs/uploads.md.

What the parts become is decided by the form that they are for: it is sent at the end with ``upload=<id>`` in place of
the file.
"""

from flask import Response, jsonify, request, url_for
from flask_babel import gettext
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.views.asking import back_to, bare
from storefront.core.errors import N_, Refused
from storefront.storage import parts
from storefront.storage.models import PartialUpload
from storefront.web.access import owner_only
from storefront.web.pages import announce, go, own_path, wants_fragment


@admin.post("/uploads")
@owner_only
def begin_upload() -> Response:
    """Begin to send a file, or go on with the one that was cut."""
    size = request.form.get("size", "")
    if not size.isascii() or not size.isdigit() or len(size) > 18:
        raise Refused(N_("The size of the file is missing."))
    upload = parts.begin(
        request.form.get("name", ""),
        int(size),
        request.form.get("mark", "")[:40],
        bare(own_path(request.form.get("place"), "/")),
    )
    return _described(upload)


@admin.get("/uploads/<public_id>")
@owner_only
def show_upload(public_id: str) -> Response:
    """Say which parts are there."""
    return _described(parts.get(public_id))


@admin.get("/uploads/<public_id>/parts/<number>")
@owner_only
def ask_for_part(public_id: str, number: str) -> Response:
    """Say where a part goes: straight to the storage, or to this address."""
    return jsonify(url=parts.address(parts.get(public_id), _number(number)))


@admin.post("/uploads/<public_id>/parts/<number>")
@owner_only
def take_part(public_id: str, number: str) -> BaseResponse:
    """Take a part."""
    upload = parts.get(public_id)
    if (request.content_length or 0) > upload.part_size:
        raise RequestEntityTooLarge
    parts.take(
        upload, _number(number), request.get_data(cache=False), request.headers.get("X-Part-Sha256", "")
    )
    return Response(status=204)


@admin.post("/uploads/<public_id>/cancellation")
@owner_only
def cancel_upload(public_id: str) -> BaseResponse:
    """Forget an upload and what has come of it."""
    parts.cancel(public_id)
    if wants_fragment():
        return announce(Response(status=204), gettext("The upload is cancelled."))
    return go(back_to(url_for("admin.list_products")))


def _number(text: str) -> int:
    """Return which part is meant, 0 for what is no number: there is none of that number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _described(upload: PartialUpload) -> Response:
    return jsonify(
        id=upload.public_id,
        size=upload.size,
        part_size=upload.part_size,
        parts=parts.count_parts(upload),
        arrived=parts.arrived(upload),
        address=url_for("admin.show_upload", public_id=upload.public_id),
    )
