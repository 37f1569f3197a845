"""Putting the furniture into a Flask app."""

from collections.abc import Callable
from typing import Any

from flask import Flask, current_app, g
from flask_babel import Babel
from flask_compress import Compress
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from storefront.core.settings import Settings
from storefront.core.turns import in_turn
from storefront.web.assets import FOLDER as STATIC_FOLDER
from storefront.web.assets import asset, serve_asset
from storefront.web.csrf import init_csrf
from storefront.web.errors import init_errors
from storefront.web.filters import init_filters
from storefront.web.headers import init_headers
from storefront.web.language import LanguageMiddleware, current_language, language_links, locale_of_request
from storefront.web.page_cache import PageCache
from storefront.web.pieces import init_pieces
from storefront.web.sessions import ThriftySessions
from storefront.web.templating import ShopFlask
from storefront.web.words import init_words


def make_app(
    settings: Settings, *, media_origins: tuple[str, ...], payment_origins: tuple[str, ...]
) -> Flask:
    """Return a Flask app with languages, headers, CSRF, errors, filters and compression, but without any page."""
    templates = STATIC_FOLDER.parent / "templates"
    app = ShopFlask("storefront", static_folder=None, template_folder=str(templates))
    app.session_interface = ThriftySessions()
    app.add_url_rule("/static/<path:filename>", "static", serve_asset)
    app.config.update(_configuration(settings, STATIC_FOLDER.parent / "storefront" / "translations"))
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    init_headers(app, media_origins=media_origins, payment_origins=payment_origins, https=settings.is_https)
    init_csrf(app, frozenset({settings.base_url, settings.own_address}))
    init_errors(app)
    init_filters(app)
    Babel(app, locale_selector=locale_of_request, default_timezone="UTC")
    init_words(app)
    init_pieces(app)
    Compress(app)
    _init_templates(app, settings)
    return app


def put_layers(
    app: Flask,
    settings: Settings,
    stamp: Callable[[], int],
    kept: Callable[[str], bool] = lambda _path: False,
    choice: Callable[[Any], str] = lambda _environ: "",
) -> PageCache:
    """Put language, page cache and (behind proxies) the true address of the visitor before the app."""
    cache = PageCache(in_turn(app.wsgi_app), stamp, kept, choice)
    layered: Any = LanguageMiddleware(cache)
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        layered = ProxyFix(layered, x_for=count, x_proto=count, x_host=count)
    app.wsgi_app = layered  # type: ignore[method-assign]  # Flask's documented way to add a layer
    return cache


def _configuration(settings: Settings, translations: Any) -> dict[str, Any]:
    secure = settings.is_https
    return {
        "SECRET_KEY": settings.signing_keys[0],
        "SECRET_KEY_FALLBACKS": list(settings.signing_keys[1:]),
        "SESSION_COOKIE_NAME": "__Host-visit" if secure else "visit",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_REFRESH_EACH_REQUEST": False,
        "SECURE_COOKIES": secure,
        "MAX_CONTENT_LENGTH": settings.max_upload_mb * 1_000_000,
        "MAX_FORM_MEMORY_SIZE": 2_000_000,
        "BABEL_TRANSLATION_DIRECTORIES": str(translations),
        "COMPRESS_ALGORITHM": ["br", "gzip"],
        "COMPRESS_BR_LEVEL": 4,
        "COMPRESS_LEVEL": 5,
        "COMPRESS_STREAMS": False,
        "SETTINGS": settings,
    }


def _init_templates(app: Flask, settings: Settings) -> None:
    app.jinja_env.globals.update(asset=asset, is_practice=settings.is_practice)

    @app.context_processor
    def _language() -> dict[str, Any]:
        return {
            "language": current_language(),
            "language_links": language_links(),
            "is_cacheable": g.get("is_cacheable", False),
        }


def settings() -> Settings:
    """Return the settings of the app that is running."""
    found: Settings = current_app.config["SETTINGS"]
    return found
