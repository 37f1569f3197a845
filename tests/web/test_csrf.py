"""Forged requests: who sends a form, and with which token."""

import pytest
from flask.testing import FlaskClient

from tests.selling import token_of

FORM = "/account/password/forgot"


@pytest.fixture
def token(client: FlaskClient) -> str:
    """The token of a page with a form."""
    return token_of(client.get(FORM))


def status(client: FlaskClient, token: str, **headers: str) -> int:
    """Send the form, and return the status of the answer."""
    fields = {"email": "anna@example.org", "csrf_token": token}
    return client.post(
        FORM, data=fields, headers={name.replace("_", "-"): text for name, text in headers.items()}
    ).status_code


OWN: list[dict[str, str]] = [
    {},
    {"Origin": "http://localhost"},
    {"Origin": "http://127.0.0.1:8000"},
    {"Sec_Fetch_Site": "same-origin"},
    {"Sec_Fetch_Site": "none"},
    {"Sec_Fetch_Site": "same-origin", "Origin": "http://localhost"},
]
FOREIGN: list[dict[str, str]] = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:81"},
    {"Origin": "localhost"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
    {"Sec_Fetch_Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec_Fetch_Site": "nonsense"},
]


def test_own_form_is_taken(client: FlaskClient, token: str) -> None:
    for headers in OWN:
        assert status(client, token, **headers) in (200, 303), headers


def test_form_from_elsewhere_is_refused(client: FlaskClient, token: str) -> None:
    for headers in FOREIGN:
        assert status(client, token, **headers) == 400, headers


def test_wrong_token_is_refused(client: FlaskClient, token: str) -> None:
    for wrong in ("", "x", "a.b.c", "\x00", "é" * 50):
        assert status(client, wrong) == 400, ascii(wrong)


def test_token_of_another_visitor_is_refused(client: FlaskClient, token: str) -> None:
    other = client.application.test_client()
    other.get(FORM)
    assert status(other, token) == 400


def test_header_is_as_good_as_the_field(client: FlaskClient, token: str) -> None:
    assert status(client, "", X_CSRFToken=token) in (200, 303)


def test_looking_needs_no_token(client: FlaskClient) -> None:
    assert client.get(FORM, headers={"Origin": "https://evil.example"}).status_code == 200


def test_only_forms_are_forms(client: FlaskClient, token: str) -> None:
    answer = client.post(FORM, json={"email": 1, "csrf_token": token}, headers={"X-CSRFToken": token})
    assert answer.status_code == 415
