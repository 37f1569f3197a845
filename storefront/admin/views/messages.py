"""Mails: which went, which did not, and what they said."""

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import HIGHEST_ID, admin
from storefront.admin.views.asking import back_to, before_asked, words_asked
from storefront.core.db import unit_of_work
from storefront.core.errors import NotFound
from storefront.gateways import mail
from storefront.gateways.mail.outbox import OutboxMail
from storefront.jobs.service import jobs_of_topic
from storefront.journal import service as journal
from storefront.notifications import own_words
from storefront.notifications import service as messages
from storefront.notifications.service import MessageView
from storefront.notifications.states import MessageState
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page

PAGE_SIZE = 30
# A mail is somebody else's page inside of ours: it may look as it likes, and do nothing.
_MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"


@admin.get("/messages")
@owner_only
def list_messages() -> Response:
    """Show mails, newest first, of one state or all."""
    state, words = _state_asked(), words_asked()
    found = messages.list_messages(state, before_asked(), PAGE_SIZE + 1, words)
    return render_page(
        "admin/messages/list.html",
        fragment="admin/messages/_list.html",
        words=words,
        most_searched=messages.MOST_SEARCHED,
        is_first_page="before" not in request.args,
        messages=found[:PAGE_SIZE],
        state=state,
        states=list(MessageState),
        failed=messages.count_failed(),
        broken_words=own_words.count_broken(),
        has_outbox=mail.has_outbox(),
        next_before=found[PAGE_SIZE - 1].id if len(found) > PAGE_SIZE else None,
    )


@admin.get(f"/messages/<int(max={HIGHEST_ID}):message_id>")
@owner_only
def show_message(message_id: int) -> Response:
    """Show one mail, what became of it, and its words where they are kept."""
    message = messages.get_message(message_id)
    return render_page(
        "admin/messages/show.html",
        message=message,
        written=_written(message),
        jobs=jobs_of_topic(f"message:{message.id}"),
    )


@admin.get(f"/messages/<int(max={HIGHEST_ID}):message_id>/mail")
@owner_only
def show_mail(message_id: int) -> Response:
    """Give the mail as it looks, for the frame in its page."""
    written = _written(messages.get_message(message_id))
    if written is None:
        raise NotFound
    return as_mail(written.html)


def as_mail(html: str, status: int = 200) -> Response:
    """Answer with a mail, for a frame in one of the owner's pages."""
    answer = Response(html, status, mimetype="text/html")
    answer.headers["Content-Security-Policy"] = _MAIL_POLICY
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


@admin.post(f"/messages/<int(max={HIGHEST_ID}):message_id>/resending")
@owner_only
def resend_message(message_id: int) -> BaseResponse:
    """Send a mail again."""
    with unit_of_work():
        messages.resend(message_id)
        message = messages.get_message(message_id)
        journal.write(message.topic or f"message:{message_id}", "message.resent", kind=message.kind)
    flash(gettext("It is being sent again."), "success")
    return go(back_to(url_for("admin.show_message", message_id=message_id)))


def _written(message: MessageView) -> OutboxMail | None:
    """Return the words of a mail in the outbox; the answer to its sending is the name of its file."""
    name = (message.answer or "").removeprefix(f"{mail.outbox.KEPT}: ")
    try:
        return mail.read_outbox(name)
    except NotFound:
        return None


def _state_asked() -> MessageState | None:
    word = request.args.get("state", "")
    return MessageState(word) if word in list(MessageState) else None
