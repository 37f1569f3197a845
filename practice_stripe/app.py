"""The WSGI application: API, practice controls and the hosted page under one prefix."""

from __future__ import annotations

from flask import Flask, Response, request

from practice_stripe.api import Asked, answer_api
from practice_stripe.config import PracticeConfig
from practice_stripe.faults import ConnectionLostError
from practice_stripe.hanging_up import hang_up_on
from practice_stripe.hosted import hosted_pages
from practice_stripe.idempotency import Answer
from practice_stripe.practice import answer_practice

_MAX_BODY = 2 * 1024 * 1024
_METHODS = ["GET", "POST", "DELETE", "PUT", "PATCH"]


def create_practice_stripe(config: PracticeConfig) -> Flask:
    """Return Practice Stripe as a WSGI application, to be served alone or mounted under any prefix."""
    app = Flask(__name__, static_folder="static", static_url_path="/static")
    app.config["MAX_CONTENT_LENGTH"] = _MAX_BODY
    app.register_blueprint(hosted_pages(config))

    @app.route("/v1", methods=_METHODS)
    @app.route("/v1/<path:_rest>", methods=_METHODS)
    def speak_api(_rest: str = "") -> Response:
        return _response(answer_api(config, _asked(config)))

    @app.route("/practice/<path:_rest>", methods=_METHODS)
    def obey(_rest: str) -> Response:
        return _response(answer_practice(config, _asked(config)))

    @app.errorhandler(ConnectionLostError)
    def lose_connection(_error: ConnectionLostError) -> Response:
        return hang_up_on(request.environ)

    return app


def _asked(config: PracticeConfig) -> Asked:
    return Asked(
        method=request.method,
        path=request.path,
        query=request.query_string.decode("latin-1"),
        body=request.get_data(),
        authorization=request.headers.get("Authorization", ""),
        version=request.headers.get("Stripe-Version", ""),
        idempotency_key=request.headers.get("Idempotency-Key", ""),
        base_url=config.find_public_url() or request.url_root.rstrip("/"),
    )


def _response(answer: Answer) -> Response:
    response = Response(answer.body, answer.status, mimetype="application/json")
    response.headers.update({"Cache-Control": "no-cache, no-store", **answer.headers})
    return response
