from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from practice_stripe import PracticeConfig
from practice_stripe.serving import PracticeServer
from tests.practice_stripe.support import KEY, WEBHOOK_SECRET, Ear, Practice


@pytest.fixture
def ear() -> Iterator[Ear]:
    """A shop that listens for webhooks."""
    ear = Ear()
    yield ear
    ear.close()


@pytest.fixture
def config(tmp_path: Path, ear: Ear) -> PracticeConfig:
    """Settings whose webhooks go to the ear."""
    return PracticeConfig(tmp_path / "practice.sqlite", KEY, WEBHOOK_SECRET, ear.url)


@pytest.fixture
def practice(config: PracticeConfig, ear: Ear) -> Iterator[Practice]:
    """A live Practice Stripe without a courier: webhooks go out when a test says so."""
    server = PracticeServer(config, couriers=0).start()
    yield Practice(config, server, ear)
    server.stop()


@pytest.fixture
def practice_with_courier(config: PracticeConfig, ear: Ear) -> Iterator[Practice]:
    """A live Practice Stripe that sends webhooks by itself."""
    server = PracticeServer(config).start()
    yield Practice(config, server, ear)
    server.stop()
