from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from tests.practice_stripe.support import BUYER, KEY, WEBHOOK_SECRET, Ear, wait_for, wish

ROOT = Path(__file__).parents[2]


@contextmanager
def process(database: Path, webhook_url: str, *more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``python -m practice_stripe`` and its address; killed at the end."""
    command = [
        sys.executable,
        "-m",
        "practice_stripe",
        "--database",
        str(database),
        "--webhook-url",
        webhook_url,
    ]
    command += ["--secret-key", KEY, "--webhook-secret", WEBHOOK_SECRET, *more]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            said = running.stdout.readline()
            found = re.search(r"http://\S+", said)
            assert found, said
            yield running, found[0]
        finally:
            running.kill()


def client(address: str, retries: int = 0) -> Any:
    http = stripe.RequestsClient(timeout=10)
    return stripe.StripeClient(
        KEY, base_addresses={"api": address}, max_network_retries=retries, http_client=http
    )


def press(address: str, session_id: str) -> int:
    url = f"{address}/pay/{session_id}"
    return requests.post(url, data={**BUYER, "action": "pay"}, allow_redirects=False, timeout=10).status_code


def test_stands_alone_and_stops_on_term(tmp_path: Path, ear: Ear) -> None:
    with process(tmp_path / "p.sqlite", ear.url) as (running, address):
        session = client(address).v1.checkout.sessions.create(wish())
        assert session.url == f"{address}/pay/{session.id}"
        assert press(address, session.id) == 303
        wait_for(lambda: len(ear.heard) == 5)
        running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 0


def test_killed_process_comes_back_with_everything(tmp_path: Path, ear: Ear) -> None:
    database = tmp_path / "p.sqlite"
    ear.statuses = [500] * 5
    with process(database, ear.url) as (running, address):
        session = client(address).v1.checkout.sessions.create(wish())
        assert press(address, session.id) == 303
        running.kill()
        running.wait(10)

    ear.statuses = []
    with process(database, ear.url) as (_, address):
        after = client(address).v1.checkout.sessions.retrieve(session.id)
        assert (after.status, after.payment_status) == ("complete", "paid")
        # An event that was being sent when the process died waits for its lease to end.
        requests.post(
            f"{address}/practice/webhooks/hurry", headers={"Authorization": f"Bearer {KEY}"}, timeout=10
        )
        wait_for(lambda: len({heard.event.id for heard in ear.heard}) >= 4, 10)


def test_killing_in_the_middle_leaves_all_or_nothing(tmp_path: Path, ear: Ear) -> None:
    database = tmp_path / "p.sqlite"
    known: list[str] = []
    for round_number in range(4):
        with process(database, ear.url, "--couriers", "0") as (running, address):
            killer = threading.Timer(0.15 + 0.1 * round_number, os.kill, (running.pid, signal.SIGKILL))
            killer.start()
            with pytest.raises((requests.ConnectionError, stripe.APIConnectionError)):
                _sell_for_ever(address, known)
            killer.join()

    with process(database, ear.url, "--couriers", "0") as (_, address):
        api = client(address).v1
        sessions = {each.id: each for each in api.checkout.sessions.list({"limit": 100}).auto_paging_iter()}
        assert set(known) <= set(sessions)
        charges = list(api.charges.list({"limit": 100}).auto_paging_iter())
        paid = [each for each in sessions.values() if each.payment_status == "paid"]
        assert len(paid) >= 4
        assert sorted(charge.payment_intent for charge in charges) == sorted(
            each.payment_intent for each in paid
        )
        completed = list(
            api.events.list({"type": "checkout.session.completed", "limit": 100}).auto_paging_iter()
        )
        assert sorted(event.data.object["id"] for event in completed) == sorted(each.id for each in paid)


def _sell_for_ever(address: str, known: list[str]) -> None:
    api = client(address).v1
    for number in range(100_000):
        options = {"idempotency_key": f"{address}-{number}"}
        session = api.checkout.sessions.create(wish(), options)
        known.append(session.id)
        press(address, session.id)


def test_retry_across_a_restart_finds_the_first_answer(tmp_path: Path, ear: Ear) -> None:
    database = tmp_path / "p.sqlite"
    options = {"idempotency_key": "order-7"}
    with process(database, ear.url) as (_, address):
        first = client(address).v1.checkout.sessions.create(wish(), options)
    with process(database, ear.url) as (_, address):
        second = client(address).v1.checkout.sessions.create(wish(), options)

    assert first.id == second.id


def test_two_processes_share_one_store(tmp_path: Path, ear: Ear) -> None:
    database = tmp_path / "p.sqlite"
    with process(database, ear.url) as (_, one), process(database, ear.url) as (_, other):
        ids = [client(address).v1.checkout.sessions.create(wish()).id for address in (one, other) * 5]
        threads = [
            threading.Thread(target=press, args=(address, session_id))
            for session_id in ids
            for address in (one, other)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(client(one).v1.charges.list({"limit": 100}).data) == 10
        wait_for(lambda: len(ear.heard) >= 50, 10)
        time.sleep(0.5)
        assert len(ear.heard) == len({heard.event.id for heard in ear.heard}) == 50


def test_granian_under_a_prefix(tmp_path: Path) -> None:
    (tmp_path / "served.py").write_text(
        "from pathlib import Path\n"
        "from werkzeug.middleware.dispatcher import DispatcherMiddleware\n"
        "from practice_stripe import PracticeConfig, create_practice_stripe\n"
        f"config = PracticeConfig(Path({str(tmp_path / 'g.sqlite')!r}), {KEY!r})\n"
        "def shop(environ, start):\n"
        "    start('200 OK', [])\n"
        "    return [b'shop']\n"
        "app = DispatcherMiddleware(shop, {'/practice-stripe': create_practice_stripe(config)})\n"
    )
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--port",
        str(port),
        "--blocking-threads",
        "4",
    ]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{tmp_path}"}
    with subprocess.Popen(
        [*command, "served:app"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        try:
            base = f"http://127.0.0.1:{port}"
            wait_for(lambda: _answers(base), 20)
            api = client(f"{base}/practice-stripe", retries=2).v1
            session = api.checkout.sessions.create(wish())
            assert session.url == f"{base}/practice-stripe/pay/{session.id}"
            page = requests.get(session.url, timeout=10).text
            assert "/practice-stripe/static/practice.css" in page
            fault = {"kind": "drop", "match": "^/v1/coupons"}
            headers = {"Authorization": f"Bearer {KEY}"}
            requests.post(f"{base}/practice-stripe/practice/faults", json=fault, headers=headers, timeout=10)
            with pytest.raises(requests.RequestException):
                requests.get(f"{base}/practice-stripe/v1/coupons", headers=headers, timeout=3)
            assert api.coupons.create({"percent_off": 10}).percent_off == 10
            assert press(f"{base}/practice-stripe", session.id) == 303
        finally:
            running.terminate()
            running.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(base: str) -> bool:
    try:
        return requests.get(base, timeout=1).text == "shop"
    except requests.RequestException:
        return False
