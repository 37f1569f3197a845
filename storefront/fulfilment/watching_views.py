"""Where players ask: fresh addresses, playlists, keys, and the page of a film that stands by itself."""

from flask import Response, jsonify, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from storefront.core.db import unit_of_work
from storefront.core.errors import NotFound
from storefront.fulfilment import watching
from storefront.fulfilment.access import note
from storefront.fulfilment.service import get_holding
from storefront.fulfilment.states import Deed
from storefront.fulfilment.views import fulfilment
from storefront.storage import service as storage
from storefront.web.access import public
from storefront.web.pages import render_page


@fulfilment.get("/library/<public_id>/watch/<content_id>")
@public
def watch(public_id: str, content_id: str) -> Response:
    """Show the page of a film or sound that was bought by itself."""
    holding = get_holding(public_id)
    content = next((one for one in holding.contents if one.public_id == content_id), None)
    if content is None:
        raise NotFound
    playable = watching.find(holding, content_id)
    with unit_of_work():
        note(holding.entitlement, Deed.STREAM, content.title)
    return render_page(
        "fulfilment/watch.html",
        holding=holding,
        content=content,
        playback=watching.playback(holding, playable),
    )


@fulfilment.get("/library/<public_id>/media/<thing_id>")
@public
def renew_media(public_id: str, thing_id: str) -> Response:
    """Give a player fresh addresses for what it is playing."""
    holding = get_holding(public_id)
    playback = watching.playback(holding, watching.find(holding, thing_id))
    root = request.script_root
    return jsonify(
        sources=[{"url": source.url, "type": source.content_type} for source in playback.sources],
        poster=playback.poster,
        hls=f"{root}{playback.hls_path}" if playback.hls_path else None,
        seconds=playback.renew_seconds,
    )


@fulfilment.get("/library/<public_id>/media/<thing_id>/file")
@public
def download_media(public_id: str, thing_id: str) -> BaseResponse:
    """Lead to a film of a lesson, to be kept, where the owner allows that."""
    holding = get_holding(public_id)
    playable = watching.find(holding, thing_id)
    if playable.is_stream_only:
        raise NotFound
    with unit_of_work():
        note(holding.entitlement, Deed.DOWNLOAD, playable.stored.filename)
    return redirect(storage.signed_url(playable.stored, holder=public_id), 302)


@fulfilment.get("/library/<public_id>/media/<thing_id>/hls")
@public
def list_sizes(public_id: str, thing_id: str) -> Response:
    """List the sizes of a film."""
    playable = watching.find(get_holding(public_id), thing_id)
    return _playlist(watching.main_playlist(playable, request.script_root + request.path))


@fulfilment.get("/library/<public_id>/media/<thing_id>/hls/<int:height>")
@public
def list_pieces(public_id: str, thing_id: str, height: int) -> Response:
    """List the pieces of one size."""
    holding = get_holding(public_id)
    playable = watching.find(holding, thing_id)
    here = request.script_root + request.path.rpartition("/")[0]
    return _playlist(watching.size_playlist(holding, playable, height, f"{here}/key"))


@fulfilment.get("/library/<public_id>/media/<thing_id>/hls/key")
@public
def give_key(public_id: str, thing_id: str) -> Response:
    """Give the key of the pieces to who may watch now; nothing keeps it."""
    holding = get_holding(public_id)
    key = watching.key_of(holding, watching.find(holding, thing_id), request.args.get("token", ""))
    return Response(key, content_type="application/octet-stream", headers={"Cache-Control": "no-store"})


def _playlist(text: str) -> Response:
    return Response(text, content_type=watching.PLAYLIST, headers={"Cache-Control": "private, no-store"})
