"""Licence keys: how many there are, who has them, where they are in use, and new ones for the pool."""

from flask import Response, flash, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.changing import change_product
from storefront.admin.forms.contents import KeysForm
from storefront.admin.forms.fields import add_error
from storefront.admin.views.asking import NothingSent, ask, before_asked, sent_files, words_asked
from storefront.admin.views.products import page_of
from storefront.catalog.models import Content, Product
from storefront.catalog.service import contents, editing
from storefront.catalog.states import ContentKind
from storefront.core.db import unit_of_work
from storefront.core.errors import NotFound, ShopError
from storefront.fulfilment.models import Entitlement
from storefront.licensing import activating, pool, queries, signing
from storefront.licensing.models import ImportState
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page

PAGE_SIZE = 30


@admin.get("/products/<slug>/contents/<content_id>/keys")
@owner_only
def show_keys(slug: str, content_id: str) -> Response:
    """Show the keys of a content, with the way to import more."""
    product, content = _get(slug, content_id)
    return _render(product, content, KeysForm(formdata=None))


@admin.post("/products/<slug>/contents/<content_id>/keys/imports")
@owner_only
def look_at_keys(slug: str, content_id: str) -> BaseResponse:
    """Look through a file or a text with keys; nothing is brought in yet."""
    product, content = _get(slug, content_id)
    form = KeysForm()
    try:
        text = _sent_text(form)
        with unit_of_work():
            looked = pool.look_at(content, text)
    except ShopError as error:
        add_error(form, "keys", gettext(error.sentence, **error.values))
        return _render(product, content, form, status=422)
    return go(_import_url(product, content, looked.public_id))


@admin.get("/products/<slug>/contents/<content_id>/keys/imports/<key_import_id>")
@owner_only
def show_key_import(slug: str, content_id: str, key_import_id: str) -> Response:
    """Show what an import would bring, how far it is, or what it has brought."""
    product, content = _get(slug, content_id)
    brought = pool.get_import(content, key_import_id)
    return render_page(
        "admin/keys/import.html",
        fragment="admin/keys/_import.html",
        content=content,
        brought=brought,
        is_running=brought.state is ImportState.RUNNING,
        **page_of(product, "contents"),
    )


@admin.post("/products/<slug>/contents/<content_id>/keys/imports/<key_import_id>/start")
@owner_only
def start_key_import(slug: str, content_id: str, key_import_id: str) -> BaseResponse:
    """Bring the keys in that were looked at."""
    product, content = _get(slug, content_id)
    with unit_of_work():
        pool.begin_import(content, key_import_id)
    return go(_import_url(product, content, key_import_id))


@admin.get("/products/<slug>/contents/<content_id>/keys/emptying")
@owner_only
def ask_to_empty_pool(slug: str, content_id: str) -> Response:
    """Ask before the free keys are thrown away."""
    product, content = _get(slug, content_id)
    free = _count(content).free
    return ask(
        gettext("Throw away the free keys?"),
        ngettext(
            "%(num)d key that nobody has is deleted. Keys that buyers have stay.",
            "%(num)d keys that nobody has are deleted. Keys that buyers have stay.",
            free,
        ),
        action=url_for("admin.empty_pool", slug=product.slug, content_id=content.public_id),
        button=gettext("Throw them away"),
        back=_url(product, content),
    )


@admin.post("/products/<slug>/contents/<content_id>/keys/emptying")
@owner_only
def empty_pool(slug: str, content_id: str) -> BaseResponse:
    """Throw the free keys away."""

    def throw_away(product: Product) -> int:
        return pool.throw_away_free(product, contents.get_content(product.id, content_id))

    number = change_product(slug, throw_away)
    flash(ngettext("%(num)d key is gone.", "%(num)d keys are gone.", number), "success")
    return go(url_for("admin.show_keys", slug=slug, content_id=content_id))


@admin.get("/products/<slug>/contents/<content_id>/keys/<key_id>")
@owner_only
def show_key(slug: str, content_id: str, key_id: str) -> Response:
    """Show one key, and where it is in use."""
    product, content = _get(slug, content_id)
    key = activating.get_key(key_id, content_id=content.id)
    row = queries.find_row(key.id)
    if row is None:
        raise NotFound
    return render_page(
        "admin/keys/key.html",
        content=content,
        row=row,
        activations=activating.activations_of([key.id]).get(key.id, []),
        **page_of(product, "contents"),
    )


@admin.post("/products/<slug>/contents/<content_id>/keys/<key_id>/seats/<activation_id>/release")
@owner_only
def free_key_seat(slug: str, content_id: str, key_id: str, activation_id: str) -> BaseResponse:
    """Free a seat of a buyer's key."""
    _product, content = _get(slug, content_id)
    with unit_of_work() as session:
        key = activating.get_key(key_id, content_id=content.id)
        if key.entitlement_id is None:
            raise NotFound
        activating.free_seat(key, session.get_one(Entitlement, key.entitlement_id), activation_id)
    flash(gettext("It is free."), "success")
    return go(url_for("admin.show_key", slug=slug, content_id=content_id, key_id=key_id))


@admin.get("/signing-keys")
@owner_only
def list_signing_keys() -> Response:
    """Show the public halves with which applications check licence files."""
    return render_page("admin/keys/signing.html", pairs=signing.public_keys())


@admin.get("/signing-keys/new")
@owner_only
def ask_for_signing_key() -> Response:
    """Ask before licence files are signed by another key."""
    return ask(
        gettext("Sign licence files with a new key?"),
        gettext(
            "Applications that know only the old public key refuse files that are given out from now on. "
            "Put the new one into your application first, beside the old one."
        ),
        action=url_for("admin.make_signing_key"),
        button=gettext("Make a new key"),
        back=url_for("admin.list_signing_keys"),
    )


@admin.post("/signing-keys/new")
@owner_only
def make_signing_key() -> BaseResponse:
    """Sign with a new key from now on."""
    with unit_of_work():
        signing.renew_key()
    flash(gettext("Licence files are signed with the new key from now on."), "success")
    return go(url_for("admin.list_signing_keys"))


def _get(slug: str, content_id: str) -> tuple[Product, Content]:
    product = editing.get_for_owner(slug)
    content = contents.get_content(product.id, content_id)
    if content.kind is not ContentKind.LICENCE:
        raise NotFound
    return product, content


def _sent_text(form: KeysForm) -> str:
    """Return the keys of the file, or else those that were pasted."""
    try:
        sent = sent_files()[0]
    except NothingSent:
        return form.keys.data or ""
    data = sent.stream.read(pool.MOST_BYTES + 1)
    if len(data) > pool.MOST_BYTES:
        raise pool.TooManyKeys(most=pool.MOST_KEYS)
    for encoding in ("utf-8-sig", "utf-16"):
        try:
            return data.decode(encoding)
        except UnicodeError:
            continue
    return data.decode("latin-1")


def _count(content: Content) -> pool.PoolCount:
    return pool.counts([content.id]).get(content.id, pool.PoolCount())


def _url(product: Product, content: Content) -> str:
    return url_for("admin.show_keys", slug=product.slug, content_id=content.public_id)


def _import_url(product: Product, content: Content, import_id: str) -> str:
    return url_for(
        "admin.show_key_import",
        slug=product.slug,
        content_id=content.public_id,
        key_import_id=import_id,
    )


def _render(product: Product, content: Content, form: KeysForm, status: int = 200) -> Response:
    words = words_asked()
    found = queries.list_keys(content.id, words, before_asked(), PAGE_SIZE + 1)
    return render_page(
        "admin/keys/list.html",
        fragment="admin/keys/_list.html",
        content=content,
        form=form,
        count=_count(content),
        waiting=pool.count_waiting(content),
        imports=queries.recent_imports(content.id),
        keys=found[:PAGE_SIZE],
        words=words,
        is_first_page="before" not in request.args,
        next_before=found[PAGE_SIZE - 1].id if len(found) > PAGE_SIZE else None,
        most_bytes=pool.MOST_BYTES,
        status=status,
        **page_of(product, "contents"),
    )
