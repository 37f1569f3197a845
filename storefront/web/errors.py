"""What people see when something is refused or breaks: a sentence, a way on, never the inside of the shop."""

from flask import Flask, Response, jsonify, request
from flask_babel import gettext
from sqlalchemy.exc import DataError
from structlog.contextvars import get_contextvars
from werkzeug.exceptions import HTTPException

from storefront.core.errors import N_, ShopError
from storefront.core.logging import get_logger
from storefront.web.pages import render_page

_SENTENCES = {
    400: N_("The shop did not understand this request."),
    401: N_("Please log in first."),
    403: N_("This page is not for you."),
    404: N_("We could not find that page."),
    405: N_("That can't be done this way."),
    410: N_("This link has expired."),
    413: N_("That file is too large."),
    415: N_("The shop can't read this kind of file."),
    429: N_("That was a little too often. Please wait a few minutes and try again."),
    503: N_("This does not work right now. Nothing was lost; please try again in a minute."),
}
_BROKEN = N_("Something broke on our side. Nothing was charged by this; please try again.")


def init_errors(app: Flask) -> None:
    """Answer refusals and faults of the app with our own pages."""
    app.register_error_handler(ShopError, _show_refusal)
    app.register_error_handler(HTTPException, _show_http_error)
    app.register_error_handler(DataError, _show_unreadable)
    app.register_error_handler(Exception, _show_fault)


def _show_refusal(error: ShopError) -> Response:
    get_logger().info("refused", status=error.status, reason=str(error), path=request.path)
    return _answer(error.status, gettext(error.sentence, **error.values))


def _show_http_error(error: HTTPException) -> Response:
    if error.response is not None:
        return error.response  # type: ignore[return-value]  # a redirect made by the router
    code = error.code or 500
    if code >= 500:
        get_logger().error("http error", status=code, path=request.path)
    answer = _answer(code, gettext(_SENTENCES.get(code, _BROKEN)))
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after", "content-range"):
            answer.headers[name] = value
    return answer


def _show_unreadable(error: DataError) -> Response:
    """PostgreSQL can't even read such a value (a NUL, a number beyond all ids): there is nothing of that name."""
    get_logger().info("unreadable value", path=request.path, reason=type(error.orig).__name__)
    code = 404 if request.method in ("GET", "HEAD") else 400
    return _answer(code, gettext(_SENTENCES[code]))


def _show_fault(error: Exception) -> Response:
    get_logger().error("fault", path=request.path, method=request.method, exc_info=error)
    return _answer(500, gettext(_BROKEN))


def _answer(status: int, sentence: str) -> Response:
    request_id = str(get_contextvars().get("request_id", ""))
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        answer = jsonify(error=sentence, request_id=request_id)
        answer.status_code = status
    else:
        answer = render_page(
            "errors/error.html",
            fragment="errors/_error.html",
            status=status,
            code=status,
            message=sentence,
            request_id=request_id,
        )
    answer.headers["Cache-Control"] = "no-store"
    return answer
