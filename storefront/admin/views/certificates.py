"""Certificates of a course: who has one, taking one back."""

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.admin.blueprint import admin
from storefront.admin.forms.questions import RevokeForm
from storefront.admin.views.products import page_of
from storefront.catalog.service import contents, editing
from storefront.core.db import unit_of_work
from storefront.learning import certificates
from storefront.web.access import owner_only
from storefront.web.pages import go, render_page


@admin.get("/products/<slug>/courses/<content_id>/certificates")
@owner_only
def list_certificates(slug: str, content_id: str) -> Response:
    """Show the certificates of a course, newest first."""
    return _render(slug, content_id)


@admin.post("/products/<slug>/courses/<content_id>/certificates/<certificate_id>/revocation")
@owner_only
def revoke_certificate(slug: str, content_id: str, certificate_id: str) -> BaseResponse:
    """Take a certificate back, with the reason."""
    form = RevokeForm(request.form)
    if not form.validate():
        return _render(slug, content_id, form, certificate_id, status=422)
    with unit_of_work():
        certificates.revoke(certificate_id, form.reason.data)
    flash(gettext("The certificate is taken back. Its address says so."), "success")
    return go(url_for("admin.list_certificates", slug=slug, content_id=content_id))


@admin.post("/products/<slug>/courses/<content_id>/certificates/<certificate_id>/restoration")
@owner_only
def restore_certificate(slug: str, content_id: str, certificate_id: str) -> BaseResponse:
    """Let a certificate count again."""
    with unit_of_work():
        certificates.restore(certificate_id)
    flash(gettext("The certificate counts again."), "success")
    return go(url_for("admin.list_certificates", slug=slug, content_id=content_id))


def _render(
    slug: str, content_id: str, form: RevokeForm | None = None, revoked: str = "", *, status: int = 200
) -> Response:
    product = editing.get_for_owner(slug)
    course = contents.get_content(product.id, content_id)
    issued, next_before = certificates.issued_for(course.id, request.args.get("before") or None)
    return render_page(
        "admin/products/certificates.html",
        status=status,
        course=course,
        issued=issued,
        next_before=next_before,
        form=form or RevokeForm(None),
        revoked=revoked,
        **page_of(product, "contents"),
    )
