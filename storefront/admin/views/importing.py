"""Products from and to CSV files: upload, look through, import, report, export."""

from flask import Response, flash, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.views.asking import answer_upload, most_bytes, refusal_of, sent_files
from storefront.core.clock import now
from storefront.core.db import unit_of_work
from storefront.core.errors import ShopError
from storefront.importing import exporting, pictures, reporting, service
from storefront.importing.states import RunState, WishState
from storefront.storage import service as storage
from storefront.web.access import owner_only
from storefront.web.language import current_language
from storefront.web.pages import go, render_page

MOST_SHOWN = 20


@admin.get("/imports")
@owner_only
def list_imports() -> Response:
    """Show where to bring a file and where to take one, and the imports so far."""
    return _render_list()


@admin.post("/imports")
@owner_only
def begin_import() -> BaseResponse:
    """Take a file and have it looked through; nothing is changed yet."""
    try:
        sent = sent_files()[0]
        upload = storage.upload(sent.stream, sent.filename)
        with unit_of_work():
            run = service.begin(
                upload.filename, storage.register(upload), with_pictures="with_pictures" in request.form
            )
    except ShopError as error:
        return _render_list(refusal=refusal_of(error), status=error.status)
    return answer_upload(url_for("admin.show_import", run_id=run.public_id))


@admin.get("/imports/<run_id>")
@owner_only
def show_import(run_id: str) -> Response:
    """Show how far an import is, what it would do or has done, and what is wrong with the file."""
    run = service.get_run(run_id)
    counts = pictures.counts(run.id)
    return render_page(
        "admin/importing/show.html",
        fragment="admin/importing/_run.html",
        run=run,
        is_running=run.state in (RunState.CHECKING, RunState.IMPORTING),
        errors=service.first_notes(run, MOST_SHOWN, errors=True),
        hints=service.first_notes(run, MOST_SHOWN, errors=False),
        pictures=counts,
        failed_pictures=pictures.failed(run.id, MOST_SHOWN) if counts[WishState.FAILED] else [],
    )


@admin.post("/imports/<run_id>/writing")
@owner_only
def start_import(run_id: str) -> BaseResponse:
    """Have a file that was looked through written into the catalogue."""
    with unit_of_work():
        service.start_writing(run_id)
    return go(url_for("admin.show_import", run_id=run_id))


@admin.get("/imports/<run_id>/report.csv")
@owner_only
def import_report(run_id: str) -> BaseResponse:
    """Give all errors and hints as a CSV file."""
    run = service.get_run(run_id)
    headings = (gettext("Row"), gettext("Column"), gettext("Kind"), gettext("What"))
    words = (gettext("Error"), gettext("Hint"))
    pieces = reporting.report(run, headings, words, current_language())
    return _as_file(Response(pieces), "import-report.csv")


@admin.post("/imports/<run_id>/pictures")
@owner_only
def fetch_pictures_again(run_id: str) -> BaseResponse:
    """Try once more to fetch the pictures that were not to be had."""
    with unit_of_work():
        count = service.fetch_pictures_again(run_id)
    flash(ngettext("%(num)d picture is tried again.", "%(num)d pictures are tried again.", count), "info")
    return go(url_for("admin.show_import", run_id=run_id))


@admin.get("/exports/products.csv")
@owner_only
def export_products() -> BaseResponse:
    """Give the whole catalogue as a CSV file, piece by piece."""
    answer = Response(exporting.export_products())
    return _as_file(answer, f"products-{now():%Y-%m-%d}.csv")


def _as_file(answer: Response, filename: str) -> Response:
    answer.headers["Content-Type"] = "text/csv; charset=utf-8"
    answer.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return answer


def _render_list(refusal: str = "", status: int = 200) -> Response:
    return render_page(
        "admin/importing/list.html",
        runs=service.latest_runs(),
        refusal=refusal,
        max_bytes=most_bytes(),
        status=status,
    )
