"""The examples for servers are right: they parse, name what exists, and hold no secret that would work."""

import configparser
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from storefront.core.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"

# What the compose file insists on, with the sentence's place taken by something that fits.
REQUIRED = {
    "PUBLIC_URL": "https://shop.example.org",
    "SECRET_KEYS": "x" * 40,
    "POSTGRES_PASSWORD": "postgrespassword",
    "REDIS_PASSWORD": "redispassword",
    "S3_PASSWORD": "storagepassword",
    "FILES_URL": "https://files.example.org",
    "MAIL_URL": "smtp://mail.example.org",
}
VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?::([?-])([^}]*))?\}")


def _compose(values: dict[str, str]) -> dict[str, Any]:
    """The compose file with `values` put in, as docker compose does it.

    Raises KeyError with the name that lacks.
    """

    def replace(match: re.Match[str]) -> str:
        name, mark, rest = match.groups()
        if name is None:
            return "$"
        if values.get(name):
            return values[name]
        if mark == "-":
            return str(rest)
        raise KeyError(name)

    def fill(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: fill(value) for key, value in node.items()}
        if isinstance(node, list):
            return [fill(value) for value in node]
        return VARIABLE.sub(replace, node) if isinstance(node, str) else node

    filled: dict[str, Any] = fill(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))
    return filled


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return _compose(REQUIRED)


def test_compose_file_follows_the_specification(compose: dict[str, Any]) -> None:
    services = PyCompose.from_yaml(yaml.safe_dump(compose)).service_names()
    assert set(services) == {"migrate", "web", "worker", "postgres", "redis", "minio", "bucket"}


@pytest.mark.parametrize("name", REQUIRED)
def test_compose_does_not_start_without(name: str) -> None:
    with pytest.raises(KeyError, match=name):
        _compose(REQUIRED | {name: ""})


def test_compose_has_no_secret_of_its_own() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    secret = re.compile(r"\$\{(\w*(?:PASSWORD|SECRET|KEY)\w*):-([^}]*)\}")
    assert [name for name, default in secret.findall(text) if default] == []
    assert not re.search(r"(?i)(password|secret|keys)\w*: *[\"']?\w{4,}", _without_comments(text))


def test_compose_settings_are_ones_that_the_shop_knows(compose: dict[str, Any]) -> None:
    known = {name.upper() for name in Settings.model_fields}
    assert set(compose["services"]["web"]["environment"]) <= known


def test_compose_is_closed_to_the_outside(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_compose_watches_and_restarts_what_serves(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name in ("web", "worker", "postgres", "redis", "minio"):
        assert services[name]["restart"] == "unless-stopped", name
    for name in ("postgres", "redis", "minio"):
        assert "healthcheck" in services[name], name
        assert services[name]["volumes"], name
    assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text()


def test_compose_waits_for_what_can_be_waited_for(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            condition = how["condition"]
            ends = services[other]["restart"] == "no"
            assert condition == ("service_completed_successfully" if ends else "service_healthy"), (
                name,
                other,
            )


def test_compose_volumes_are_declared(compose: dict[str, Any]) -> None:
    used = {
        volume.split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
    }
    assert used == set(compose["volumes"])


def test_redis_keeps_its_keys_and_minio_is_pinned(compose: dict[str, Any]) -> None:
    assert "--appendonly yes" in compose["services"]["redis"]["command"][-1]
    assert {compose["services"][name]["image"] for name in ("minio", "bucket")} == {
        "minio/minio:RELEASE.2025-04-22T22-12-26Z"
    }


def test_example_of_settings_names_each_with_its_default_or_an_example() -> None:
    named = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    compose_only = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    assert len(named) == len(set(named))
    assert set(named) == {name.upper() for name in Settings.model_fields} | compose_only


def test_example_of_settings_switches_nothing_on_by_itself() -> None:
    assert [line for line in _lines(ROOT / ".env.example") if line and not line.startswith("#")] == []


# The image


def test_image_copies_only_what_exists_and_is_let_through() -> None:
    allowed = {line[1:] for line in _lines(ROOT / ".dockerignore") if line.startswith("!")}
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    sources = {source for line in copies for source in line.split()}
    assert sources == allowed
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_image_runs_as_nobody_special() -> None:
    users = [line.split()[1] for line in _lines(ROOT / "Dockerfile") if line.startswith("USER ")]
    assert users == ["shop"]


# Commands


def _commands() -> list[list[str]]:
    """Every command line of the shop that the examples name, without the program."""
    found = [
        service["command"] for service in _compose(REQUIRED)["services"].values() if "command" in service
    ]
    words = [command[1:] for command in found if command[0] == "storefront"]
    files = [*DEPLOY.glob("*.service"), DEPLOY / "supervisor.conf", DEPLOY / "cron"]
    for line in (line for path in files for line in _lines(path)):
        if match := re.search(r"bin/storefront ([a-z][^&|;]*)", line):
            words.append(match.group(1).split())
    return sorted({tuple(command): command for command in words}.values())


@pytest.mark.parametrize("command", _commands(), ids=" ".join)
def test_command_exists(command: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "storefront", *command, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert [word for word in command if word.startswith("--") and word not in run.stdout] == []


def test_examples_name_both_ways_to_work() -> None:
    assert ["run", "--no-worker"] in _commands()
    assert "worker.py --burst" in (DEPLOY / "cron").read_text()
    for name in ("supervisor.conf", "storefront-worker.service"):
        assert "/srv/storefront/.venv/bin/python worker.py\n" in (DEPLOY / name).read_text()
    assert (ROOT / "worker.py").exists()


# Examples for servers


def test_supervisor_stops_and_restarts_both() -> None:
    config = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=(";",))
    config.read(DEPLOY / "supervisor.conf")
    assert config.sections() == ["program:storefront-web", "program:storefront-worker"]
    for name in config.sections():
        assert config[name]["autorestart"] == "true"
        assert config[name]["stopsignal"] == "TERM"
        assert config[name]["directory"] == "/srv/storefront"


@pytest.mark.parametrize("name", ["storefront-web.service", "storefront-worker.service"])
def test_systemd_unit_restarts_and_is_confined(name: str) -> None:
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # the documented way to keep case
    unit.read(DEPLOY / name)
    service = unit["Service"]
    assert service["Restart"] == "always"
    assert service["User"] == "storefront"
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"
    assert unit["Install"]["WantedBy"] == "multi-user.target"


def test_cron_line_has_five_times_a_user_and_one_run_at_a_time() -> None:
    (line,) = [line for line in _lines(DEPLOY / "cron") if re.match(r"[*\d]", line)]
    times, user = line.split()[:5], line.split()[5]
    assert times == ["*"] * 5
    assert user == "storefront"
    assert "flock --nonblock" in line
    assert (DEPLOY / "cron").read_text().endswith("\n")


def test_nginx_tells_the_truth_about_visitors_and_lets_stripe_through() -> None:
    text = _without_comments((DEPLOY / "nginx.conf").read_text())
    assert text.count("{") == text.count("}")
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in text
    webhook = re.search(r"location = /webhooks/stripe \{(.*?)\}", text, re.DOTALL)
    assert webhook is not None
    assert "limit_req" not in webhook.group(1)
