"""Pages for machines: alive, ready, metrics, robots."""

from collections.abc import Callable

from flask import Blueprint, Response, current_app, jsonify, request
from sqlalchemy import text

from storefront.core import db
from storefront.core.errors import NotFound
from storefront.core.logging import get_logger
from storefront.web.access import public
from storefront.web.setup import settings

machine_pages = Blueprint("web", __name__)

# Rooms upstairs add what makes the shop ready, and what is worth counting.
CHECKS: dict[str, Callable[[], bool]] = {}
GAUGES: dict[str, Callable[[], float]] = {}


@machine_pages.get("/healthz")
@public
def alive() -> Response:
    """Say that the process answers."""
    return Response("ok\n", content_type="text/plain")


@machine_pages.get("/readyz")
@public
def ready() -> tuple[Response, int]:
    """Say whether database, storage and queue can be used."""
    states = {name: _holds(name, check) for name, check in {"database": _database_answers, **CHECKS}.items()}
    return jsonify({name: "ok" if good else "failing" for name, good in states.items()}), 200 if all(
        states.values()
    ) else 503


@machine_pages.get("/metrics")
@public
def metrics() -> Response:
    """Give gauges in Prometheus' text format; in production only to who has the token."""
    token = settings().metrics_token
    if token and request.headers.get("Authorization") != f"Bearer {token}":
        raise NotFound
    if not token and current_app.config["SETTINGS"].is_production:
        raise NotFound
    lines = [f"# TYPE storefront_{name} gauge\nstorefront_{name} {gauge()}" for name, gauge in GAUGES.items()]
    return Response("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4")


@machine_pages.get("/robots.txt")
@public
def robots() -> Response:
    """Keep crawlers out of what is personal, and name the list of what is not."""
    # The cart is no secret: without its cookie it is empty, and Lighthouse wants to see it.
    private = ("/checkout", "/account", "/admin", "/orders", "/library", "/downloads", "/me", "/wishlist")
    rules = "\n".join(f"Disallow: {prefix}{path}" for path in private for prefix in ("", "/en", "/zh"))
    # A rule is the beginning of a path, and the longest one that fits decides: /me would hide /media.
    rules += "\nAllow: /media/"
    sitemap = f"Sitemap: {settings().base_url}/sitemap.xml"
    return Response(f"User-agent: *\n{rules}\n\n{sitemap}\n", content_type="text/plain")


def _database_answers() -> bool:
    return bool(db.session().execute(text("SELECT 1")).scalar_one())


def _holds(name: str, check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception as error:
        get_logger().error("not ready", part=name, exc_info=error)
        return False
