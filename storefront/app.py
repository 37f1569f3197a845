"""Putting everything together: one runtime for web, worker and command line."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from practice_stripe import PracticeConfig, create_practice_stripe
from storefront import schema
from storefront.accounts import emails as account_emails
from storefront.accounts import jobs as account_jobs
from storefront.accounts import owners
from storefront.accounts import service as accounts
from storefront.accounts.guard import init_guard
from storefront.accounts.models import Account
from storefront.accounts.views import blueprint as account_pages
from storefront.admin.views import admin
from storefront.cart import jobs as cart_jobs
from storefront.cart import service as carts
from storefront.cart import views as cart_views
from storefront.cart.cookie import cart_id_of_visitor
from storefront.cart.links import CodeInAddress
from storefront.cart.views import cart
from storefront.catalog import collection_views, sample_views, waiting_views
from storefront.catalog import emails as catalog_emails
from storefront.catalog import jobs as catalog_jobs
from storefront.catalog import sizes as catalog_sizes
from storefront.catalog.drawing import init_drawing
from storefront.catalog.service import courses
from storefront.catalog.stamp import read_stamp, tell_after_change
from storefront.catalog.states import ContentKind
from storefront.catalog.views import catalog
from storefront.checkout import emails as checkout_emails
from storefront.checkout import jobs as checkout_jobs
from storefront.checkout import money_emails
from storefront.checkout.views.checkout import checkout
from storefront.checkout.views.legal import legal
from storefront.checkout.views.orders import orders
from storefront.checkout.views.recovery import recovery
from storefront.checkout.views.webhook import webhooks
from storefront.core import db
from storefront.core.logging import configure_logging
from storefront.core.money import Money
from storefront.core.settings import Settings, load_settings
from storefront.feeds import contents as feed_contents
from storefront.feeds import views as feed_views
from storefront.feeds.views import feeds
from storefront.found.setup import init_found
from storefront.found.views import found
from storefront.fulfilment import access_views, news_views, packing, team_views, watching, watching_views
from storefront.fulfilment import emails as fulfilment_emails
from storefront.fulfilment import jobs as fulfilment_jobs
from storefront.fulfilment import kinds as content_kinds
from storefront.fulfilment import service as fulfilment_service
from storefront.fulfilment import views as fulfilment_views
from storefront.fulfilment.views import fulfilment
from storefront.gateways import mail
from storefront.gateways.files import make_file_store
from storefront.importing import jobs as importing_jobs
from storefront.invoicing import jobs as invoicing_jobs
from storefront.invoicing.views import invoicing
from storefront.jobs import jobs as job_jobs
from storefront.jobs import nudge, worker
from storefront.jobs.service import count_resting, count_waiting, is_worker_alive
from storefront.journal.service import acting_as
from storefront.learning import emails as learning_emails
from storefront.learning import jobs as learning_jobs
from storefront.learning.classroom import classroom_of, open_lessons
from storefront.learning.playing import refuse_locked
from storefront.learning.views import learning
from storefront.licensing import emails as licensing_emails
from storefront.licensing import jobs as licensing_jobs
from storefront.licensing.api import licence_api
from storefront.licensing.giving import LicenceKeys
from storefront.licensing.views import licensing
from storefront.media import jobs as media_jobs
from storefront.media import service as media
from storefront.notifications import emails as notification_emails
from storefront.notifications import jobs as notification_jobs
from storefront.notifications import own_words, rendering
from storefront.orders.queries import count_attention
from storefront.parcels import emails as parcel_emails
from storefront.parcels import jobs as parcel_jobs
from storefront.parcels.views import parcels
from storefront.related import jobs as related_jobs
from storefront.reviews import emails as review_emails
from storefront.reviews import jobs as review_jobs
from storefront.reviews.views import reviews
from storefront.search import jobs as search_jobs
from storefront.search import views as search_views
from storefront.shop import service as shop_words
from storefront.shop.choosing import chosen_currency, currency_key
from storefront.shop.service import shop_view
from storefront.stamping import jobs as stamping_jobs
from storefront.stamping import views as download_views
from storefront.storage import jobs as storage_jobs
from storefront.storage import service as storage
from storefront.storage.views import blueprint as files
from storefront.taxes import service as taxes
from storefront.web import countries
from storefront.web.language import current_language
from storefront.web.setup import make_app, put_layers
from storefront.web.views import CHECKS, GAUGES, machine_pages
from storefront.wishlist import jobs as wishlist_jobs
from storefront.wishlist import service as wishlists
from storefront.wishlist.cookie import wishlist_id_of_visitor
from storefront.wishlist.views import saved_by_visitor, wishlist

# Imported for what they register: jobs, periodic work, mails, routes, tables.
REGISTERED = (
    access_views,
    account_emails,
    account_jobs,
    cart_jobs,
    catalog_emails,
    catalog_jobs,
    catalog_sizes,
    checkout_emails,
    checkout_jobs,
    collection_views,
    download_views,
    fulfilment_emails,
    fulfilment_jobs,
    importing_jobs,
    invoicing_jobs,
    job_jobs,
    learning_emails,
    learning_jobs,
    licensing_emails,
    licensing_jobs,
    media_jobs,
    news_views,
    money_emails,
    notification_emails,
    notification_jobs,
    packing,
    parcel_emails,
    parcel_jobs,
    related_jobs,
    review_emails,
    review_jobs,
    sample_views,
    schema,
    search_jobs,
    search_views,
    stamping_jobs,
    storage_jobs,
    team_views,
    waiting_views,
    watching_views,
    wishlist_jobs,
)
# Besides the catalogue's pages, these are the same for everybody, and short.
_KEPT_DOCUMENTS = frozenset({"/", "/feed.atom", "/sitemap.xml", "/sitemap-pages.xml"})
PRACTICE_PREFIX = "/practice-stripe"


def create_app(settings: Settings | None = None) -> Flask:
    """Return the shop as a WSGI app, connected to its database, storage, mail and Stripe.

    Raises:
        SettingsError: the environment can't be used.
    """
    return create_runtime(settings or load_settings())


def create_runtime(settings: Settings) -> Flask:
    """Connect this process to all that the shop needs, and return the app in whose context its jobs run."""
    configure_logging(settings.log_level, json_lines=settings.is_production)
    db.connect(settings.database_dsn)
    storage.configure(make_file_store(settings), settings)
    mail.configure(settings)
    nudge.use_redis(settings.redis_url)
    app = _build(settings)
    worker.configure(around_job=lambda: _job_context(app), redis_url=settings.redis_url)
    return app


def practice_config(settings: Settings) -> PracticeConfig:
    """Return how the stand-in for Stripe is set up; it is never made for production."""
    return PracticeConfig(
        database=settings.var_dir / "practice-stripe.sqlite",
        secret_key=settings.stripe_key,
        webhook_secret=settings.webhook_secrets[0],
        webhook_url=f"{settings.own_address}/webhooks/stripe",
        public_url=f"{settings.base_url}{PRACTICE_PREFIX}",
    )


def _build(settings: Settings) -> Flask:
    app = make_app(settings, media_origins=_media_origins(), payment_origins=_payment_origins(settings))
    for pages in (
        machine_pages, files, account_pages, catalog, cart, checkout, orders, webhooks, fulfilment, learning,
        licensing, licence_api, reviews, wishlist, parcels, found, invoicing, legal, recovery, feeds, admin,
    ):  # fmt: skip
        app.register_blueprint(pages)
    init_guard(app)
    init_drawing(app)
    init_found(app)
    media.tell_when_measured(courses.note_playing_time)
    storage.ask_before_serving(fulfilment_service.is_open)
    feed_views.ask_for_copies(download_views.copy_for)
    feed_contents.ask_which_are_open(open_lessons)
    watching.guard(refuse_locked)
    CHECKS["storage"] = lambda: storage.store().is_ready()
    CHECKS["queue"] = is_worker_alive
    GAUGES.update(jobs_waiting=count_waiting, jobs_resting=count_resting, orders_attention=count_attention)
    _init_shop_words(app, settings)
    content_kinds.register(ContentKind.LICENCE, LicenceKeys())
    accounts.after_login(_take_cart_along)
    cart_views.ask_for_saved(saved_by_visitor)
    fulfilment_views.ask_for_classroom(classroom_of)
    accounts.on_mailbox_proven(_claim_purchases)
    own_words.when_broken(owners.tell_of_broken_words)
    if settings.is_practice and not settings.is_production:
        _mount_practice(app, settings)
    cache = put_layers(app, settings, _stamp, _is_catalogue, currency_key)
    tell_after_change(cache.forget)
    app.wsgi_app = CodeInAddress(app.wsgi_app, _takes_codes, is_https=settings.is_https)  # type: ignore[method-assign]  # Flask's documented way to add a layer
    return app


def _init_shop_words(app: Flask, settings: Settings) -> None:
    """What templates may say about the shop; a macro that is imported without context knows globals only."""
    app.jinja_env.globals.update(
        money_of=Money,
        base_url=settings.base_url,
        fact=_fact,
        countries_by_name=countries.named,
        tax_home=lambda: shop_words.tax_facts().country,
        tax_words=taxes.words,
        legal_facts=shop_words.legal_facts,
        mail_title=rendering.title_of,
    )

    @app.context_processor
    def _shop() -> dict[str, object]:
        return {"shop": shop_view(current_language()), "shown_currency": chosen_currency()}


def _fact(thing: dict[str, object], name: str) -> object:
    """Return a text of a denormalised fact of a product in the page's language."""
    translations = thing.get("translations")
    words = translations.get(current_language(), {}) if isinstance(translations, dict) else {}
    return words.get(name) or thing[name]


def _mount_practice(app: Flask, settings: Settings) -> None:
    practice = create_practice_stripe(practice_config(settings))
    shop = app.wsgi_app

    def choose(environ, start_response):  # type: ignore[no-untyped-def]  # a WSGI app
        path = environ.get("PATH_INFO", "")
        if path.startswith(f"{PRACTICE_PREFIX}/"):
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + PRACTICE_PREFIX
            environ["PATH_INFO"] = path[len(PRACTICE_PREFIX) :]
            return practice.wsgi_app(environ, start_response)
        return shop(environ, start_response)

    app.wsgi_app = choose  # type: ignore[method-assign]  # Flask's documented way to add a layer


def _is_catalogue(path: str) -> bool:
    """Whether pages at this path are the same for everybody, so that they may be kept."""
    return path in _KEPT_DOCUMENTS or (
        path.startswith(("/products", "/collections/")) and not path.startswith("/products/preview/")
    )


def _takes_codes(path: str) -> bool:
    """Whether a discount code may be in the address of this page."""
    return path == "/cart" or (_is_catalogue(path) and not path.endswith((".xml", ".atom")))


def _stamp() -> int:
    """Return the version of the catalogue. The shop's own words are read anew with it, since pages are full of them."""
    try:
        return read_stamp()
    finally:
        db.close_reader()
        shop_words.forget()


@contextmanager
def _job_context(app: Flask) -> Iterator[None]:
    with app.app_context(), acting_as("worker"):
        yield


def _take_cart_along(account: Account) -> None:
    carts.merge_at_login(cart_id_of_visitor(), account.id)
    wishlists.merge_at_login(wishlist_id_of_visitor(), account.id)


def _claim_purchases(account: Account) -> None:
    fulfilment_service.claim_for_account(account.id, account.email)


def _media_origins() -> tuple[str, ...]:
    origin = storage.store().origin
    return (origin,) if origin else ()


def _payment_origins(settings: Settings) -> tuple[str, ...]:
    """Where a checkout form may lead: browsers apply form-action to redirects too."""
    origins = ["https://checkout.stripe.com"]
    origins += [origin for origin in (settings.stripe_checkout_origin, settings.stripe_api_base) if origin]
    if not settings.is_production:
        origins += ["http://127.0.0.1:*", "http://localhost:*"]
    return tuple(origins)
