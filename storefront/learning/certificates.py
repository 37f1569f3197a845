"""Certificates: issued once to who has finished a course, checked by everybody who has the address."""

from dataclasses import dataclass

from sqlalchemy import func, select

from storefront.core import db
from storefront.core.clock import now
from storefront.core.errors import N_, NotFound, Refused
from storefront.core.ids import new_public_id
from storefront.fulfilment.inserting import insert_once
from storefront.fulfilment.models import Entitlement
from storefront.journal import service as journal
from storefront.learning.classroom import Classroom, Course
from storefront.learning.models import Certificate, LessonProgress
from storefront.notifications.service import tell
from storefront.web.language import current_language

ISSUED = "certificate"
LONGEST_NAME = 120


class NotFinished(Refused):
    """There are lessons left."""

    sentence = N_("The certificate is there when all lessons of the course are done.")


@dataclass(frozen=True, slots=True)
class Checked:
    """A certificate as a stranger sees it. ``translations`` are of the course's title."""

    certificate: Certificate
    is_valid: bool
    title: str
    translations: dict[str, dict[str, str]]


def find_certificate(entitlement_id: int, content_id: int) -> Certificate | None:
    """Return the certificate of a purchase for a course."""
    return db.session().scalar(
        select(Certificate).where(
            Certificate.entitlement_id == entitlement_id, Certificate.content_id == content_id
        )
    )


def certificates_of(entitlement_id: int) -> dict[int, Certificate]:
    """Return the certificates of a purchase by the id of the course."""
    statement = select(Certificate).where(Certificate.entitlement_id == entitlement_id)
    return {one.content_id: one for one in db.session().scalars(statement) if one.content_id is not None}


def issue(room: Classroom, course: Course, name: str) -> Certificate:
    """Issue the certificate in the current unit and mail it; who has one already gets that one.

    Raises:
        NotFound: the course gives none. NotFinished: there are lessons left.
    """
    entitlement = room.entitlement
    if entitlement is None or not course.content.gives_certificate:
        raise NotFound
    known = find_certificate(entitlement.id, course.content.id)
    if known is not None:
        return known
    if not room.is_complete(course):
        raise NotFinished
    certificate_id = insert_once(Certificate, _values(entitlement, course, name))
    certificate = find_certificate(entitlement.id, course.content.id)
    assert certificate is not None
    if certificate_id is not None:
        journal.write(certificate.topic, "certificate.issued", title=certificate.course)
        tell(
            ISSUED,
            entitlement.email,
            current_language(),
            unique_key=f"{ISSUED}:{certificate.id}",
            topic=f"order:{entitlement.order_id}",
            certificate_id=certificate.id,
        )
    return certificate


def check(public_id: str) -> Checked:
    """Return what a certificate says and whether it counts.

    Raises:
        NotFound: nobody has issued such a one.
    """
    row = db.session().execute(
        select(Certificate, Entitlement.revoked_at)
        .join(Entitlement, Entitlement.id == Certificate.entitlement_id)
        .where(Certificate.public_id == public_id)
    )
    found = row.one_or_none()
    if found is None:
        raise NotFound
    certificate: Certificate = found[0]
    is_valid = certificate.revoked_at is None and found[1] is None
    return Checked(certificate, is_valid, certificate.course, certificate.course_translations)


def issued_for(
    content_id: int, before: str | None = None, size: int = 50
) -> tuple[list[Checked], str | None]:
    """Return a page of the certificates of a course for the owner, newest first, and where the next begins."""
    statement = (
        select(Certificate, Entitlement.revoked_at)
        .join(Entitlement, Entitlement.id == Certificate.entitlement_id)
        .where(Certificate.content_id == content_id)
    )
    if before:
        place = select(Certificate.id).where(Certificate.public_id == before[:22]).scalar_subquery()
        statement = statement.where(Certificate.id < place)
    rows = db.session().execute(statement.order_by(Certificate.id.desc()).limit(size + 1)).all()
    found = [
        Checked(
            row[0], row[0].revoked_at is None and row[1] is None, row[0].course, row[0].course_translations
        )
        for row in rows[:size]
    ]
    return found, found[-1].certificate.public_id if len(rows) > size else None


def count_issued(content_id: int) -> int:
    """Return how many certificates of a course there are."""
    statement = select(func.count()).select_from(Certificate).where(Certificate.content_id == content_id)
    return db.session().scalar(statement) or 0


def revoke(public_id: str, reason: str) -> None:
    """Take a certificate back in the current unit; its address says so from now on.

    Raises:
        NotFound: there is none.
    """
    certificate = db.get_or_404(Certificate, Certificate.public_id == public_id, for_update=True)
    if certificate.revoked_at is None:
        certificate.revoked_at, certificate.revoked_reason = now(), reason
        journal.write(certificate.topic, "certificate.revoked", reason=reason)


def restore(public_id: str) -> None:
    """Let a certificate count again, in the current unit.

    Raises:
        NotFound: there is none.
    """
    certificate = db.get_or_404(Certificate, Certificate.public_id == public_id, for_update=True)
    if certificate.revoked_at is not None:
        certificate.revoked_at = certificate.revoked_reason = None
        journal.write(certificate.topic, "certificate.restored")


def _values(entitlement: Entitlement, course: Course, name: str) -> dict[str, object]:
    completed = select(func.max(LessonProgress.done_at)).where(
        LessonProgress.entitlement_id == entitlement.id,
        LessonProgress.lesson_id.in_([lesson.id for lesson in course.lessons]),
    )
    return {
        "public_id": new_public_id(),
        "entitlement_id": entitlement.id,
        "content_id": course.content.id,
        "name": name,
        "course": course.content.title,
        "course_translations": course.content.translations or {},
        "completed_at": db.session().scalar(completed) or now(),
        "issued_at": now(),
    }
