"""What the owner changes about an order: notes, the buyer's address, its own state, and work that is done again."""

from flask import Response, flash, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import HIGHEST_ID, admin
from storefront.admin.forms.orders import NewEmailForm, NoteForm
from storefront.admin.order_moves import may_complete, may_reopen
from storefront.admin.queries import get_order_by_number
from storefront.admin.views.asking import ask, back_to
from storefront.admin.views.orders import order_url, render_order
from storefront.checkout import cancelling, readdressing
from storefront.checkout.jobs import gateway
from storefront.core import db
from storefront.core.db import unit_of_work
from storefront.core.errors import N_, NotFound, Refused
from storefront.jobs import service as jobs
from storefront.journal import service as journal
from storefront.orders.models import Order
from storefront.orders.service import moving, notes
from storefront.orders.states import OrderState, PaymentState
from storefront.payments import inbox
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page


class NotNow(Refused):
    """The states of the order do not allow that step now."""

    sentence = N_("This order can't take that step now.")


@admin.post("/orders/<number>/notes")
@owner_only
def add_note(number: str) -> BaseResponse:
    """Keep something to remember."""
    order = get_order_by_number(number)
    form = NoteForm(request.form)
    if not form.validate():
        return render_order(order, note=form, status=422)
    with unit_of_work():
        notes.add(order.id, form.text.data)
    flash(gettext("Noted."), "success")
    return go(order_url(order.number))


@admin.post(f"/orders/<number>/notes/<int(max={HIGHEST_ID}):note_id>/removal")
@owner_only
def remove_note(number: str, note_id: int) -> BaseResponse:
    """Take a note away."""
    order = get_order_by_number(number)
    with unit_of_work():
        notes.remove(order.id, note_id)
    flash(gettext("The note is gone."), "success")
    return go(order_url(order.number))


@admin.get("/orders/<number>/email")
@owner_only
def ask_for_email(number: str) -> Response:
    """Ask for another address of the buyer."""
    return _render_email(get_order_by_number(number), NewEmailForm(None))


@admin.post("/orders/<number>/email")
@owner_only
def change_email(number: str) -> BaseResponse:
    """Say what would move, and move it when that was seen."""
    order = get_order_by_number(number)
    form = NewEmailForm(request.form)
    if not form.validate():
        return _render_email(order, form, status=422)
    email = str(form.email.data)
    if "confirmed" not in request.form:
        return _render_email(order, form, outlook=readdressing.outlook(order, email))
    with unit_of_work():
        number_moved = readdressing.change_email(order.id, email)
    flash(
        ngettext(
            "%(num)s order has moved. Both addresses are told.",
            "%(num)s orders have moved. Both addresses are told.",
            number_moved,
        ),
        "success",
    )
    return go(order_url(order.number))


@admin.get("/orders/<number>/cancellation")
@owner_only
def ask_to_cancel(number: str) -> Response:
    """Ask before an order is called off."""
    order = get_order_by_number(number)
    if not (cancelling.is_cancellable(order) or cancelling.is_returnable_gift(order)):
        raise cancelling.NotToCancel
    if order.total_amount:
        question = gettext(
            "The payment page is closed first. Whoever pays in that moment has paid, and the order stays."
        )
    else:
        question = gettext("%(email)s loses access to what was given.", email=order.email)
    return ask(
        gettext("Call off order %(number)s?", number=order.number),
        question,
        action=url_for("admin.cancel_order", number=order.number),
        button=gettext("Call it off"),
        back=order_url(order.number),
    )


@admin.post("/orders/<number>/cancellation")
@owner_only
def cancel_order(number: str) -> BaseResponse:
    """Call off what is not paid, or take back what cost nothing."""
    order = get_order_by_number(number)
    db.close_reader()
    if cancelling.is_returnable_gift(order):
        with unit_of_work():
            cancelling.take_back_gift(order.id)
    else:
        order = cancelling.cancel_unpaid(order.id, gateway(), cancelling.BY_OWNER)
    if order.payment_state is PaymentState.UNPAID or not order.total_amount:
        flash(gettext("The order is called off."), "success")
    else:
        flash(gettext("The buyer was faster: the order is paid."), "warning")
    return go(order_url(order.number))


@admin.post("/orders/<number>/completion")
@owner_only
def complete_order(number: str) -> BaseResponse:
    """Say that an order is over."""
    return _move(number, OrderState.COMPLETED, may_complete(get_order_by_number(number)))


@admin.post("/orders/<number>/reopening")
@owner_only
def reopen_order(number: str) -> BaseResponse:
    """Say that an order is not over."""
    return _move(number, OrderState.OPEN, may_reopen(get_order_by_number(number)))


@admin.post(f"/events/<int(max={HIGHEST_ID}):event_id>/replay")
@owner_only
def replay_event(event_id: int) -> BaseResponse:
    """Follow an event of Stripe once more: what is true there now is written down."""
    with unit_of_work():
        event = inbox.find(event_id)
        if event is None:
            raise NotFound
        if event.handled_at is None:
            jobs.retry_topic(f"event:{event_id}")
        # A second click finds the same mark, and its work waiting.
        mark = event.handled_at.timestamp() if event.handled_at else 0
        jobs.enqueue("handle_event", unique_key=f"replay:{event_id}:{mark}", event_id=event_id)
        journal.write(f"event:{event_id}", "event.replayed", kind=event.type)
    flash(gettext("It is being followed once more."), "success")
    return go(back_to(url_for("admin.list_orders")))


@admin.post(f"/jobs/<int(max={HIGHEST_ID}):job_id>/repetition")
@owner_only
def repeat_job(job_id: int) -> BaseResponse:
    """Do work once more that is done; nothing happens twice by it."""
    with unit_of_work():
        is_repeated = jobs.repeat(job_id)
        if is_repeated:
            journal.write(f"job:{job_id}", "job.repeated")
    if is_repeated:
        flash(gettext("It is being done again."), "success")
    else:
        flash(gettext("This work is not there any more, or not done yet."), "info")
    return go(back_to(url_for("admin.list_jobs")))


def _move(number: str, to: OrderState, is_allowed: bool) -> BaseResponse:
    order = get_order_by_number(number)
    if not is_allowed and order.state is not to:
        raise NotNow
    with unit_of_work():
        moving.move(moving.lock(order.id), to, reason=N_("by the owner"))
    return go(order_url(order.number))


def _render_email(
    order: Order, form: NewEmailForm, *, outlook: readdressing.Outlook | None = None, status: int = 200
) -> Response:
    return render_page(
        "admin/orders/email.html",
        order=order,
        form=form,
        outlook=outlook,
        back=order_url(order.number),
        status=status,
    )
