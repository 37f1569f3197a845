"""Certificates: asked for, shown, printed, and checked by strangers."""

from flask import Response, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.core import db
from storefront.core.errors import NotFound
from storefront.learning import certificates
from storefront.learning.certificates import Checked
from storefront.learning.classroom import Classroom, Course, get_classroom
from storefront.learning.forms import NameForm
from storefront.learning.views.blueprint import learning
from storefront.shop.service import shop_view
from storefront.web.access import public
from storefront.web.language import current_language
from storefront.web.links import absolute_url
from storefront.web.pages import go, render_page
from storefront.web.setup import settings


@learning.get("/library/<public_id>/courses/<content_id>/certificate")
@public
def show_certificate(public_id: str, content_id: str) -> Response:
    """Show the certificate of a course, or ask for the name on it."""
    room, course = _find(public_id, content_id)
    return _render(room, course, NameForm(None, data={"name": ""}))


@learning.post("/library/<public_id>/courses/<content_id>/certificate")
@public
def issue_certificate(public_id: str, content_id: str) -> BaseResponse:
    """Issue the certificate in the name that the learner gives."""
    room, course = _find(public_id, content_id)
    form = NameForm(request.form)
    if not form.validate():
        return _render(room, course, form, status=422)
    with db.unit_of_work():
        certificates.issue(room, course, form.name.data)
    return go(_path(public_id, content_id))


@learning.get("/library/<public_id>/courses/<content_id>/certificate.pdf")
@public
def print_certificate(public_id: str, content_id: str) -> BaseResponse:
    """Send the certificate as a PDF; where no font has the letters of the name, the page that can be printed."""
    # Imported here: it brings along what few processes ever need, some ten megabytes.
    from storefront.learning.certificate_pdf import certificate_pdf

    checked = _issued(*_find(public_id, content_id))
    if checked is None or not checked.is_valid:
        raise NotFound
    own_fonts = settings().var_dir / "fonts"
    pdf = certificate_pdf(checked, shop_view(current_language()).name, _check_url(checked), own_fonts)
    if pdf is None:
        flash(
            gettext(
                "This server has no font for these letters. Please print this page instead: "
                "your browser can save it as a PDF."
            ),
            "warning",
        )
        return go(_path(public_id, content_id))
    response = Response(pdf, mimetype="application/pdf")
    response.headers["Content-Disposition"] = 'attachment; filename="certificate.pdf"'
    return response


@learning.get("/certificates/<certificate_id>")
@public
def check_certificate(certificate_id: str) -> Response:
    """Say to everybody who has the address whether a certificate counts."""
    checked = certificates.check(certificate_id)
    return render_page("learning/check_certificate.html", checked=checked, certificate=checked.certificate)


def _find(public_id: str, content_id: str) -> tuple[Classroom, Course]:
    room = get_classroom(public_id)
    course = room.get_course(content_id)
    if not course.content.gives_certificate:
        raise NotFound
    return room, course


def _issued(room: Classroom, course: Course) -> Checked | None:
    assert room.entitlement is not None
    found = certificates.find_certificate(room.entitlement.id, course.content.id)
    return certificates.check(found.public_id) if found else None


def _render(room: Classroom, course: Course, form: NameForm, *, status: int = 200) -> Response:
    checked = _issued(room, course)
    return render_page(
        "learning/certificate.html",
        status=status,
        room=room,
        course=course,
        checked=checked,
        certificate=checked.certificate if checked else None,
        check_url=_check_url(checked) if checked else "",
        form=form,
    )


def _check_url(checked: Checked) -> str:
    return absolute_url(f"/certificates/{checked.certificate.public_id}", current_language())


def _path(public_id: str, content_id: str) -> str:
    return url_for("learning.show_certificate", public_id=public_id, content_id=content_id)
