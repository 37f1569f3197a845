"""What buyers of a product get: files, licence keys, texts, courses."""

from functools import partial

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.changing import change_product
from storefront.admin.forms.contents import (
    ContentForm,
    NewContentForm,
    NewLicenceForm,
    VersionForm,
    content_form,
    content_state,
)
from storefront.admin.views.asking import (
    answer_upload,
    ask,
    begun_uploads,
    choose_between,
    most_bytes,
    preview_of,
    previewed_name,
    received,
    refusal_of,
    wanted_order,
)
from storefront.admin.views.outlining import course_context
from storefront.admin.views.preparing import prepare_again, show_state
from storefront.admin.views.products import page_of
from storefront.catalog.models import Content, Product
from storefront.catalog.service import contents, editing, versions
from storefront.catalog.service.licences import set_terms
from storefront.catalog.service.mistakes import InvalidField, SavedMeanwhile
from storefront.catalog.states import ContentKind
from storefront.core.errors import NotFound, ShopError
from storefront.licensing import pool
from storefront.media import service as media
from storefront.storage import service as storage
from storefront.web.access import owner_only
from storefront.web.pages import announce, go, render_page, wants_fragment


@admin.get("/products/<slug>/contents")
@owner_only
def edit_contents(slug: str) -> Response:
    """Show what buyers get."""
    return _render_list(editing.get_for_owner(slug))


@admin.post("/products/<slug>/contents/files")
@owner_only
def add_files(slug: str) -> BaseResponse:
    """Take files for buyers to download."""
    editing.get_for_owner(slug)
    try:
        for upload in received():
            change_product(slug, partial(contents.add_file, upload=upload))
    except ShopError as error:
        return _render_list(editing.get_for_owner(slug), refusal=refusal_of(error), status=error.status)
    return answer_upload(_list_url(slug))


@admin.post("/products/<slug>/contents/order")
@owner_only
def order_contents(slug: str) -> BaseResponse:
    """Put the contents in order."""
    wanted, step = wanted_order()
    change_product(slug, lambda product: contents.move(product, wanted, step))
    if wants_fragment():
        return announce(_render_list(editing.get_for_owner(slug)), gettext("Moved."))
    return go(_list_url(slug))


@admin.get("/products/<slug>/contents/new/<kind>")
@owner_only
def new_content(slug: str, kind: str) -> Response:
    """Ask for a new licence, text or course."""
    product, form = editing.get_for_owner(slug), _new_form(kind)
    if ContentKind(kind) is ContentKind.COURSE:
        form.title.data = product.title
    return _render_new(product, kind, form)


@admin.post("/products/<slug>/contents/new/<kind>")
@owner_only
def create_content(slug: str, kind: str) -> BaseResponse:
    """Add a licence, text or course."""
    form = _new_form(kind)
    if not form.validate_on_submit():
        return _render_new(editing.get_for_owner(slug), kind, form, status=422)
    try:
        content = change_product(slug, lambda product: _create(product, ContentKind(kind), form))
    except InvalidField as error:
        form.refuse(error)
        return _render_new(editing.get_for_owner(slug), kind, form, status=422)
    flash(gettext("Added."), "success")
    if content.kind is ContentKind.COURSE:
        return go(url_for("admin.edit_content", slug=slug, content_id=content.public_id))
    if content.keys_from_pool:
        return go(url_for("admin.show_keys", slug=slug, content_id=content.public_id))
    return go(_list_url(slug))


@admin.get("/products/<slug>/contents/<content_id>")
@owner_only
def edit_content(slug: str, content_id: str) -> Response:
    """Show one content, to be changed; a course with its chapters and lessons."""
    product, content = _get(slug, content_id)
    return _render(product, content, content_form(content, product))


@admin.post("/products/<slug>/contents/<content_id>")
@owner_only
def save_content(slug: str, content_id: str) -> BaseResponse:
    """Save the words of a content."""
    product, content = _get(slug, content_id)
    form = content_form(content, product, request.form)
    if not form.validate():
        return _render(product, content, form, status=422)
    try:
        change_product(slug, lambda locked: _save(locked, content_id, form))
    except SavedMeanwhile:
        product, content = _get(slug, content_id)
        return choose_between(form, content_form(content, product), content.title)
    except InvalidField as error:
        form.refuse(error)
        return _render(product, content, form, status=422)
    flash(gettext("Saved."), "success")
    return go(_list_url(slug))


@admin.post("/products/<slug>/contents/<content_id>/form")
@owner_only
def redraw_content(slug: str, content_id: str) -> Response:
    """Show the form as it was filled in, with a preview of its text; nothing is saved."""
    product, content = _get(slug, content_id)
    form = content_form(content, product, request.form)
    return preview_of(form) or _render(product, content, form, previewed=previewed_name())


@admin.post("/products/<slug>/contents/<content_id>/file")
@owner_only
def replace_file(slug: str, content_id: str) -> BaseResponse:
    """Take a new version of a file."""
    product, content = _get(slug, content_id)
    form = VersionForm()
    try:
        if not form.validate():
            raise InvalidField("name", str(next(iter(form.errors.values()))[0]))
        upload = next(iter(received()))
        change_product(slug, lambda locked: _replace(locked, content_id, upload, form.news))
    except ShopError as error:
        shown = content_form(content, product)
        return _render(product, content, shown, refusal=refusal_of(error), status=error.status)
    flash(gettext("Everyone who bought it gets the new version now. The one before stays."), "success")
    return answer_upload(_content_url(slug, content_id))


@admin.get("/products/<slug>/contents/<content_id>/file")
@owner_only
def open_file(slug: str, content_id: str) -> BaseResponse:
    """Give the owner the file, as a buyer gets it."""
    _product, content = _get(slug, content_id)
    if content.file is None:
        raise NotFound
    return go(storage.signed_url(content.file))


@admin.get("/products/<slug>/contents/<content_id>/removal")
@owner_only
def ask_to_remove_content(slug: str, content_id: str) -> Response:
    """Ask before something is taken away from buyers."""
    product, content = _get(slug, content_id)
    return ask(
        gettext("Remove %(title)s?", title=content.title),
        gettext(
            "Everyone who bought %(product)s loses it too, and its files are deleted.", product=product.title
        ),
        action=url_for("admin.remove_content", slug=slug, content_id=content_id),
        button=gettext("Remove %(title)s", title=content.title),
        back=_list_url(slug),
    )


@admin.post("/products/<slug>/contents/<content_id>/removal")
@owner_only
def remove_content(slug: str, content_id: str) -> BaseResponse:
    """Take a content away."""
    change_product(slug, lambda product: _remove(product, content_id))
    flash(gettext("It is removed."), "success")
    return go(_list_url(slug))


@admin.get("/products/<slug>/contents/<content_id>/preparation")
@owner_only
def show_preparation(slug: str, content_id: str) -> Response:
    """Say how far the preparing of a film or sound is."""
    _product, content = _get(slug, content_id)
    if content.file is None:
        raise NotFound
    return show_state(content.file.id, _content_url(slug, content_id), _preparation_url(slug, content_id))


@admin.post("/products/<slug>/contents/<content_id>/preparation")
@owner_only
def prepare_content(slug: str, content_id: str) -> BaseResponse:
    """Have a film or sound prepared once more."""
    _product, content = _get(slug, content_id)
    prepare_again(content.file)
    return go(_content_url(slug, content_id))


def _get(slug: str, content_id: str) -> tuple[Product, Content]:
    product = editing.get_for_owner(slug)
    return product, contents.get_content(product.id, content_id)


def _create(product: Product, kind: ContentKind, form: NewContentForm) -> Content:
    if isinstance(form, NewLicenceForm):
        content = contents.add_licence(product, form.title.data, form.pattern.data, form.body.data)
        set_terms(product, content, form.terms)
        return content
    if kind is ContentKind.TEXT:
        return contents.add_text(product, form.title.data, form.body.data)
    if kind is ContentKind.LINK:
        return contents.add_link(product, form.title.data, form.url.data, form.body.data)
    return contents.add_course(product, form.title.data)


def _remove(product: Product, content_id: str) -> None:
    content = contents.get_content(product.id, content_id)
    pool.throw_away_free(product, content)
    contents.remove(product, content)


def _save(product: Product, content_id: str, form: ContentForm) -> None:
    content = contents.get_content(product.id, content_id)
    form.require(content_state(content))
    contents.edit(
        product,
        content,
        title=form.title.data,
        body=form.body.data,
        pattern=form.pattern.data,
        variant_id=form.variant_id,
        url=form.url.data or "",
        translations=form.translations,
        rules=form.rules if content.kind is ContentKind.FILE else None,
    )
    if content.kind is ContentKind.LICENCE:
        set_terms(product, content, form.terms)


def _new_form(kind: str) -> NewContentForm:
    """Files have their own way in."""
    if kind not in (ContentKind.LICENCE, ContentKind.TEXT, ContentKind.LINK, ContentKind.COURSE):
        raise NotFound
    return NewLicenceForm() if kind == ContentKind.LICENCE else NewContentForm()


def _replace(product: Product, content_id: str, upload: storage.Upload, news: versions.News) -> None:
    versions.replace_file(product, contents.get_content(product.id, content_id), upload, news)


def _content_url(slug: str, content_id: str) -> str:
    return url_for("admin.edit_content", slug=slug, content_id=content_id)


def _preparation_url(slug: str, content_id: str) -> str:
    return url_for("admin.show_preparation", slug=slug, content_id=content_id)


def _list_url(slug: str) -> str:
    return url_for("admin.edit_contents", slug=slug)


def _render_list(product: Product, refusal: str = "", status: int = 200) -> Response:
    return render_page(
        "admin/products/contents.html",
        fragment="admin/products/_contents.html",
        contents=contents.list_contents(product.id),
        refusal=refusal,
        status=status,
        max_bytes=most_bytes(),
        begun=begun_uploads(url_for("admin.add_files", slug=product.slug)),
        **page_of(product, "contents"),
    )


def _render_new(product: Product, kind: str, form: NewContentForm, status: int = 200) -> Response:
    return render_page(
        "admin/products/new_content.html", form=form, kind=kind, status=status, **page_of(product, "contents")
    )


def _render(
    product: Product,
    content: Content,
    form: ContentForm,
    *,
    status: int = 200,
    previewed: str = "",
    refusal: str = "",
) -> Response:
    return render_page(
        "admin/products/content.html",
        fragment="admin/products/_chapters.html",
        content=content,
        form=form,
        previewed=previewed,
        refusal=refusal,
        max_bytes=most_bytes(),
        status=status,
        **course_context(content),
        versions=versions.versions_of([content.id]).get(content.id, []),
        version_form=VersionForm(None),
        begun=begun_uploads(url_for("admin.replace_file", slug=product.slug, content_id=content.public_id)),
        media=media.find(content.file_id) if content.file_id else None,
        preparation_url=_preparation_url(product.slug, content.public_id),
        **page_of(product, "contents"),
    )
