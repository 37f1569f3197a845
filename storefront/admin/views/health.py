"""What is wrong, in words, and how large the shop has become."""

from flask import Response, flash, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin import measuring
from storefront.admin.blueprint import admin
from storefront.checkout import doctor
from storefront.checkout.jobs import balance_books
from storefront.core.db import unit_of_work
from storefront.jobs import service as jobs
from storefront.notifications.service import count_failed
from storefront.orders.queries import count_attention
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page
from storefront.web.setup import settings


@admin.get("/health")
@owner_only
def health() -> Response:
    """Show what the worker, the mails and the doctor say."""
    return render_page(
        "admin/health.html",
        is_worker_alive=jobs.is_worker_alive(),
        worker_seen_at=jobs.last_seen("worker:"),
        waiting=jobs.count_waiting(),
        oldest=jobs.oldest_due_age(),
        resting=jobs.count_resting(),
        overdue=jobs.overdue_rounds(),
        failed_messages=count_failed(),
        attention=count_attention(),
        findings=doctor.remembered(),
        tables=measuring.table_sizes(),
        database_bytes=measuring.database_bytes(),
        folder_bytes=measuring.folder_bytes(settings().var_dir),
        free_bytes=measuring.free_bytes(settings().var_dir),
    )


@admin.post("/health/examination")
@owner_only
def examine() -> BaseResponse:
    """Have the doctor look now."""
    balance_books()
    found = doctor.findings()
    with unit_of_work():
        doctor.remember(found)
    if found:
        flash(gettext("The doctor found something. See below."), "error")
    else:
        flash(gettext("The doctor found nothing wrong."), "success")
    return go(url_for("admin.health"))
