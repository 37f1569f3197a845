"""Work behind the pages, and the journal of what was done."""

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import HIGHEST_ID, admin
from storefront.admin.views.asking import back_to, before_asked, words_asked
from storefront.core.db import unit_of_work
from storefront.jobs import service as jobs
from storefront.journal import service as journal_service
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page

PAGE_SIZE = 30
_LONGEST_TOPIC = 60


@admin.get("/jobs")
@owner_only
def list_jobs() -> Response:
    """Show the work that gave up, with the reasons, and how much waits."""
    found = jobs.list_resting(PAGE_SIZE + 1, before_asked())
    return render_page(
        "admin/jobs/list.html",
        jobs=found[:PAGE_SIZE],
        next_before=found[PAGE_SIZE - 1].id if len(found) > PAGE_SIZE else None,
        waiting=jobs.count_waiting(),
        resting=jobs.count_resting(),
        oldest=jobs.oldest_due_age(),
        is_worker_alive=jobs.is_worker_alive(),
    )


@admin.post(f"/jobs/<int(max={HIGHEST_ID}):job_id>/retry")
@owner_only
def retry_job(job_id: int) -> BaseResponse:
    """Let a job run again."""
    with unit_of_work():
        is_retried = jobs.retry(job_id)
        if is_retried:
            journal_service.write(f"job:{job_id}", "job.retried")
    if is_retried:
        flash(gettext("It is being tried again."), "success")
    else:
        flash(gettext("This work is done already or is being done now."), "info")
    return go(back_to(url_for("admin.list_jobs")))


@admin.get("/journal")
@owner_only
def journal() -> Response:
    """Show who did what, all of it or of one thing."""
    topic = words_asked()[:_LONGEST_TOPIC]
    found = (
        journal_service.entries_of(topic) if topic else journal_service.latest(PAGE_SIZE + 1, before_asked())
    )
    is_continued = not topic and len(found) > PAGE_SIZE
    return render_page(
        "admin/journal.html",
        entries=found[:PAGE_SIZE] if not topic else found,
        topic=topic,
        is_first_page="before" not in request.args,
        next_before=found[PAGE_SIZE - 1].id if is_continued else None,
    )
