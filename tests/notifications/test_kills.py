"""A worker killed between the steps of sending a mail."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storefront.core import db
from storefront.jobs import service as jobs
from storefront.notifications import service
from storefront.notifications.states import MessageState
from tests.servers.smtp import SmtpServer

pytestmark = pytest.mark.usefixtures("work_kinds")

PROGRAM = Path(__file__).parents[1] / "jobs" / "program.py"


@pytest.mark.parametrize(
    ("point", "copies"),
    [("job.claimed", 1), ("mail.sent", 2), ("job.before_done", 2), ("job.after_done", 1)],
)
def test_a_worker_killed_at_any_step_loses_no_mail_and_repeats_only_the_same_one(
    work_database: str, tmp_path: Path, smtp_server: SmtpServer, point: str, copies: int
) -> None:
    with db.unit_of_work():
        service.tell("hello", "maria@example.org", "en", unique_key="hello:1", n=1)
    environment = {
        "DATABASE_URL": work_database,
        "VAR_DIR": str(tmp_path),
        "MAIL_URL": smtp_server.url,
        "STEP": "0.6",
    }
    killed = _burst(tmp_path, environment | {"STOREFRONT_FAULT": point})
    assert killed == -signal.SIGKILL
    time.sleep(0.7)
    assert _burst(tmp_path, environment) == 0

    [message] = service.list_messages()
    assert message.state is MessageState.SENT
    assert jobs.count_waiting() == 0
    assert len(smtp_server.messages) == copies
    assert len({received.message["Message-ID"] for received in smtp_server.messages}) == 1


def _burst(folder: Path, environment: dict[str, str]) -> int:
    command = [sys.executable, str(PROGRAM), "--burst"]
    return subprocess.run(command, env=environment, cwd=folder, timeout=30, check=False).returncode
