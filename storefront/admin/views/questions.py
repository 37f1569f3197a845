"""What learners ask: answering, hiding with a reason, showing again."""

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.forms.questions import AnswerForm, HidePostForm
from storefront.core.db import unit_of_work
from storefront.learning import discussion
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page


@admin.get("/questions")
@owner_only
def list_questions() -> Response:
    """Show questions, newest first: those that wait for an answer, or all."""
    are_all = request.args.get("state") == "all"
    threads, next_before = discussion.questions_for_owner(
        waiting=not are_all, before=request.args.get("before") or None
    )
    return render_page("admin/questions/list.html", threads=threads, are_all=are_all, next_before=next_before)


@admin.get("/questions/<question_id>")
@owner_only
def show_question(question_id: str) -> Response:
    """Show a question with its answers, and what can be done about them."""
    return _render(question_id)


@admin.post("/questions/<question_id>/answers")
@owner_only
def answer_question(question_id: str) -> BaseResponse:
    """Answer a question under it; who asked gets a mail."""
    form = AnswerForm(request.form)
    if not form.validate():
        return _render(question_id, form=form, status=422)
    with unit_of_work():
        discussion.answer_as_owner(question_id, form.words.data)
    flash(gettext("Your answer is there, and who asked gets a mail."), "success")
    return go(url_for("admin.show_question", question_id=question_id))


@admin.post("/questions/<question_id>/posts/<post_id>/hiding")
@owner_only
def hide_post(question_id: str, post_id: str) -> BaseResponse:
    """Take a question or an answer away from the learners, with the reason."""
    form = HidePostForm(request.form)
    if not form.validate():
        return _render(question_id, hiding=form, hidden_post=post_id, status=422)
    with unit_of_work():
        discussion.hide(post_id, form.reason.data)
    flash(gettext("It is hidden."), "success")
    return go(url_for("admin.show_question", question_id=question_id))


@admin.post("/questions/<question_id>/posts/<post_id>/showing")
@owner_only
def show_post(question_id: str, post_id: str) -> BaseResponse:
    """Bring a hidden question or answer back."""
    with unit_of_work():
        discussion.show(post_id)
    flash(gettext("Learners see it again."), "success")
    return go(url_for("admin.show_question", question_id=question_id))


def _render(
    question_id: str,
    *,
    form: AnswerForm | None = None,
    hiding: HidePostForm | None = None,
    hidden_post: str = "",
    status: int = 200,
) -> Response:
    thread, lesson, product = discussion.get_thread(question_id)
    return render_page(
        "admin/questions/show.html",
        status=status,
        thread=thread,
        lesson=lesson,
        product=product,
        form=form or AnswerForm(None),
        hiding=hiding or HidePostForm(None),
        hidden_post=hidden_post,
    )
