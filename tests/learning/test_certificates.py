"""Certificates: once, in the learner's name, checked by strangers, gone when the money went back."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.core import db
from storefront.core.clock import now
from storefront.fulfilment.models import Entitlement
from storefront.learning import certificate_pdf
from storefront.learning.models import Certificate
from storefront.notifications.rendering import find_renderer
from storefront.web import fonts
from tests.learning.schooling import Learner, enrol, mails, make_course, words_of
from tests.selling import token_of

Work = Callable[[], int]


@pytest.fixture
def graduate(client: FlaskClient, work: Work) -> Learner:
    """Somebody who has finished a course that gives a certificate."""
    learner = enrol(client, work, make_course(("One", "Two"), gives_certificate=True))
    learner.done(0)
    learner.done(1)
    return learner


def the_certificate() -> Certificate:
    """Return the only certificate as it is now."""
    db.close_reader()
    return db.session().scalars(select(Certificate)).one()


def test_a_stranger_checks_a_certificate(app: Flask, graduate: Learner, owner_client: FlaskClient) -> None:
    assert "Which name shall be on the certificate?" in graduate.open(graduate.certificate)
    assert graduate.send(graduate.certificate, 422, name=" ").status_code == 422
    graduate.send(graduate.certificate, name="李 Łucja O'Neil")
    graduate.send(graduate.certificate, name="Somebody else")
    certificate = the_certificate()
    assert certificate.name == "李 Łucja O'Neil"
    assert len(mails("certificate")) == 1
    write = find_renderer("certificate")
    assert write is not None
    with app.app_context():
        mail = write(mails("certificate")[0].args, "en")
    assert mail is not None
    check = f"/certificates/{certificate.public_id}"
    assert check in mail.text
    assert graduate.certificate in mail.text

    stranger = app.test_client()
    page = words_of(stranger.get(check).text)
    assert "Valid" in page
    assert "Certificate of 李 Łucja O'Neil" in page
    assert graduate.public_id not in stranger.get(check).text
    assert stranger.get("/certificates/" + "x" * 22).status_code == 404

    listed = f"/admin/products/{graduate.product.slug}/courses/{graduate.content.public_id}/certificates"
    token = token_of(owner_client.get(listed))
    one = f"{listed}/{certificate.public_id}"
    assert owner_client.post(f"{one}/revocation", data={"csrf_token": token}).status_code == 422
    owner_client.post(f"{one}/revocation", data={"csrf_token": token, "reason": "Copied homework"})
    assert "Revoked" in words_of(stranger.get(check).text)
    assert "Copied homework" not in stranger.get(check).text
    assert graduate.client.get(f"{graduate.certificate}.pdf").status_code == 404
    owner_client.post(f"{one}/restoration", data={"csrf_token": token})
    assert "Valid" in words_of(stranger.get(check).text)
    with db.unit_of_work() as session:
        session.execute(select(Entitlement).with_for_update()).scalar_one().revoked_at = now()
    assert "Revoked" in words_of(stranger.get(check).text)
    assert graduate.client.get(f"{graduate.certificate}.pdf").status_code == 404


def test_nobody_gets_a_certificate_before_the_end_or_where_there_is_none(
    client: FlaskClient, work: Work
) -> None:
    learner = enrol(client, work, make_course(("One", "Two"), gives_certificate=True))
    learner.done(0)
    assert "1 of 2 lessons done" in words_of(learner.open(learner.certificate))
    learner.send(learner.certificate, 409, name="Anna")
    learner.open(f"{learner.certificate}.pdf", 404)
    plain = enrol(client, work, make_course())
    plain.open(plain.certificate, 404)
    plain.send(plain.certificate, 404, name="Anna")


def test_the_pdf_has_the_name_where_a_font_has_its_letters(
    graduate: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    graduate.send(graduate.certificate, name="Anna Björk")
    answer = graduate.client.get(f"{graduate.certificate}.pdf")
    assert (answer.mimetype, answer.data[:5]) == ("application/pdf", b"%PDF-")
    assert answer.headers["Cache-Control"] == "no-store"
    assert b"/FontFile" in answer.data
    assert re.search(rb"/Count 1\b", answer.data)
    # Where no font has the letters, the page that can be printed is the certificate.
    monkeypatch.setattr(certificate_pdf, "find_font", lambda _text, _folder: None)
    answer = graduate.client.get(f"{graduate.certificate}.pdf")
    assert answer.headers["Location"] == graduate.certificate
    assert "print this page instead" in graduate.open(graduate.certificate)


def test_a_font_is_chosen_by_its_letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_of_the_machine", lambda: ())
    found = fonts.find_font("Anna Björk €", tmp_path)
    assert found is not None
    assert found.path.name.startswith("inter")
    assert fonts.find_font("李", tmp_path) is None
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    assert fonts.find_font("Anna", tmp_path) == found
