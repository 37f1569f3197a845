"""Tags: rename, merge, delete. They are made where they are given to a product."""

from flask import Response, flash, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.changing import change_catalogue
from storefront.admin.forms.tags import MergeForm, TagForm, tag_form, tag_state
from storefront.admin.views.asking import ask, choose_between, fragment, words_asked
from storefront.catalog.models import Tag
from storefront.catalog.service import tags
from storefront.catalog.service.mistakes import InvalidField, SavedMeanwhile
from storefront.core.errors import N_
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page


@admin.get("/tags")
@owner_only
def list_tags() -> Response:
    """Show the tags by name, and how many products have each."""
    words = words_asked()
    rows, next_after = tags.list_tags(words, request.args.get("after", "")[:240])
    return render_page(
        "admin/tags/list.html",
        fragment="admin/tags/_list.html",
        rows=rows,
        next_after=next_after,
        words=words,
        is_first_page="after" not in request.args,
    )


@admin.get("/tag-suggestions")
@owner_only
def suggest_tags() -> Response:
    """Complete the last of the tags that are being typed."""
    typed = request.args.get("tags", request.args.get("into", ""))[:5000]
    return fragment("admin/tags/_suggestions.html", suggestions=tags.suggest(typed) if typed.strip() else [])


@admin.get("/tags/<slug>")
@owner_only
def edit_tag(slug: str) -> Response:
    """Show a tag, to be changed."""
    tag = tags.get(slug)
    return _render(tag, tag_form(tag))


@admin.post("/tags/<slug>")
@owner_only
def save_tag(slug: str) -> BaseResponse:
    """Save a tag."""
    tag = tags.get(slug)
    form = tag_form(tag, request.form)
    if not form.validate():
        return _render(tag, form, status=422)
    try:
        change_catalogue(lambda: _save(slug, form))
    except SavedMeanwhile:
        tag = tags.get(slug)
        return choose_between(form, tag_form(tag), tag.name)
    except InvalidField as error:
        form.refuse(error)
        return _render(tags.get(slug), form, status=422)
    flash(gettext("Saved."), "success")
    return go(url_for("admin.list_tags"))


@admin.post("/tags/<slug>/merger")
@owner_only
def merge_tag(slug: str) -> BaseResponse:
    """Give all products of this tag another one instead."""
    tag = tags.get(slug)
    form = MergeForm(request.form)
    if not form.validate():
        return _render(tag, tag_form(tag), merging=form, status=422)
    try:
        into = change_catalogue(lambda: _merge(slug, form.into.data))
    except InvalidField as error:
        form.refuse(error)
        return _render(tags.get(slug), tag_form(tag), merging=form, status=422)
    flash(gettext("%(tag)s is now %(into)s.", tag=tag.name, into=into), "success")
    return go(url_for("admin.list_tags"))


@admin.get("/tags/<slug>/removal")
@owner_only
def ask_to_remove_tag(slug: str) -> Response:
    """Ask before a tag is deleted."""
    tag = tags.get(slug)
    count = tags.count_products(tag)
    return ask(
        gettext("Delete the tag %(name)s?", name=tag.name),
        ngettext(
            "%(num)s product has it and will lose it. No product is deleted.",
            "%(num)s products have it and will lose it. No product is deleted.",
            count,
        ),
        action=url_for("admin.remove_tag", slug=slug),
        button=gettext("Delete %(title)s", title=tag.name),
        back=url_for("admin.edit_tag", slug=slug),
    )


@admin.post("/tags/<slug>/removal")
@owner_only
def remove_tag(slug: str) -> BaseResponse:
    """Delete a tag."""
    change_catalogue(lambda: tags.remove(tags.get(slug)))
    flash(gettext("The tag is deleted."), "success")
    return go(url_for("admin.list_tags"))


def _save(slug: str, form: TagForm) -> None:
    tag = tags.get(slug)
    form.require(tag_state(tag))
    tags.save(tag, form.wanted())


def _merge(slug: str, name: str) -> str:
    into = tags.find_by_name(name)
    if into is None:
        raise InvalidField("into", N_("There is no tag of this name."))
    tags.merge(tags.get(slug), into)
    return into.name


def _render(tag: Tag, form: TagForm, *, merging: MergeForm | None = None, status: int = 200) -> Response:
    return render_page(
        "admin/tags/edit.html",
        tag=tag,
        form=form,
        merging=merging or MergeForm(None),
        products=tags.count_products(tag),
        status=status,
    )
