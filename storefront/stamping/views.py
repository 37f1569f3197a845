"""The ways to files that buyers take home: checked, counted, marked, and then by links that die in minutes."""

from flask import Response, redirect, request, url_for
from werkzeug.http import parse_range_header
from werkzeug.wrappers import Response as BaseResponse

from storefront.catalog.models import Content
from storefront.catalog.states import Stamp
from storefront.core import db
from storefront.core.errors import NotFound
from storefront.fulfilment import downloads, packing
from storefront.fulfilment.access import note
from storefront.fulfilment.file_models import PackState
from storefront.fulfilment.service import Holding, get_holding
from storefront.fulfilment.states import Deed
from storefront.fulfilment.views import fulfilment
from storefront.stamping import service
from storefront.stamping.models import CopyState, StampedCopy
from storefront.storage.models import StoredFile
from storefront.storage.service import signed_url
from storefront.web.access import public
from storefront.web.pages import render_page


@fulfilment.get("/downloads/<public_id>/<content_id>")
@public
def download(public_id: str, content_id: str) -> BaseResponse:
    """Lead to a fresh link to a file, the present version or the one that ``version`` names; each lead is counted."""
    holding = get_holding(public_id)
    content, stored = downloads.find_file(holding, content_id, _version())
    given: StoredFile | None = stored
    if content.stamp is not Stamp.NONE:
        given = copy_for(holding, content, stored)
    if given is None:
        page = "fulfilment.wait_for_copy"
        return redirect(url_for(page, public_id=public_id, content_id=content_id, version=_version()), 302)
    if request.method == "HEAD":
        return Response(content_type=given.content_type, headers={"Content-Length": str(given.size)})
    _count(holding, content, stored)
    return redirect(signed_url(given, holder=public_id), 302)


def copy_for(holding: Holding, content: Content, stored: StoredFile) -> StoredFile | None:
    """Return the buyer's marked copy of a file, or None while it is being made."""
    copy = _copy(holding, content, stored)
    return copy.file if copy.state is CopyState.READY else None


@fulfilment.get("/downloads/<public_id>/<content_id>/copy")
@public
def wait_for_copy(public_id: str, content_id: str) -> Response:
    """Say that the buyer's copy is being made, until it is there; the page asks again by itself."""
    holding = get_holding(public_id)
    content, stored = downloads.find_file(holding, content_id, _version())
    if content.stamp is Stamp.NONE:
        raise NotFound
    copy = _copy(holding, content, stored)
    return render_page(
        "stamping/copy.html",
        fragment="stamping/_copy.html",
        holding=holding,
        content=content,
        version=_version(),
        state=copy.state.value,
    )


@fulfilment.get("/downloads/<public_id>/all")
@public
def download_all(public_id: str) -> BaseResponse:
    """Lead to a zip of all files, or to the page that waits for it."""
    holding = get_holding(public_id)
    if not holding.has_pack:
        raise NotFound
    with db.unit_of_work():
        pack = packing.ask_for(holding)
    if pack.state is not PackState.READY or pack.file is None:
        return redirect(url_for("fulfilment.wait_for_pack", public_id=public_id), 302)
    with db.unit_of_work():
        note(holding.entitlement, Deed.DOWNLOAD, holding.product.title)
    return redirect(signed_url(pack.file, holder=public_id), 302)


@fulfilment.get("/downloads/<public_id>/all/packing")
@public
def wait_for_pack(public_id: str) -> Response:
    """Say that the zip is being packed, until it is there; the page asks again by itself."""
    holding = get_holding(public_id)
    if not holding.has_pack:
        raise NotFound
    with db.unit_of_work():
        state = packing.ask_for(holding).state.value
    return render_page("stamping/pack.html", fragment="stamping/_pack.html", holding=holding, state=state)


def _version() -> str | None:
    return request.args.get("version") or None


def _copy(holding: Holding, content: Content, stored: StoredFile) -> StampedCopy:
    def work() -> StampedCopy:
        with db.unit_of_work():
            return service.ask_for(holding.entitlement, stored, content.stamp)

    return db.again_on_conflict(work)


def _count(holding: Holding, content: Content, stored: StoredFile) -> None:
    """A download that was cut and asks for its rest is not a new one."""
    asked = parse_range_header(request.headers.get("Range"))
    goes_on = asked is not None and len(asked.ranges) == 1 and asked.ranges[0][0] > 0

    def work() -> None:
        with db.unit_of_work():
            downloads.count(holding.entitlement, content, stored, goes_on=goes_on)
            note(holding.entitlement, Deed.DOWNLOAD, content.title)

    db.again_on_conflict(work)
