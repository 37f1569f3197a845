"""The command line: run, worker, migrate, seed, owner create, reconcile, doctor."""

import argparse
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from storefront.core.settings import Settings, SettingsError, load_settings

if TYPE_CHECKING:
    from flask import Flask

Command = Callable[[argparse.Namespace, Settings], int]


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks for, and return the exit code."""
    wanted = _parser().parse_args(arguments)
    try:
        settings = load_settings()
    except SettingsError as mistakes:
        sys.stderr.write(f"{mistakes}\n")
        return 2
    command: Command = wanted.command
    return command(wanted, settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="storefront", description="The shop that one person can own.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = _add(commands, "run", _run, "start the shop: web and worker (and practice Stripe when no key is set)")
    run.add_argument("--no-worker", action="store_true", help="only the web; run worker.py beside it")
    work = _add(commands, "worker", _work, "do the work that is due, for ever")
    work.add_argument("--burst", action="store_true", help="do what is due now, then end (for cron)")
    _add(commands, "migrate", _migrate, "bring the database to the newest schema")
    _add(commands, "seed", _seed, "fill an empty shop with the demo catalogue")
    owner = _add(commands, "owner", _owner, "look after the owner's account").add_subparsers(required=True, metavar="ACTION")
    create = _add(owner, "create", _owner, "make an owner, or let one back in, with a new password")
    create.add_argument("email", nargs="?", help="address to log in with (default: OWNER_EMAIL)")
    create.add_argument("--password", help="a random one is made and printed when none is given")
    compare = _add(commands, "reconcile", _reconcile, "compare Stripe with the books and repair")
    compare.add_argument("--days", type=int, default=7, help="how far back to look (default: 7)")
    check = _add(commands, "doctor", _doctor, "check what must always hold")
    check.add_argument("--thorough", action="store_true", help="also look for every file in the storage")
    return parser


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, command: Command, text: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=command)
    return parser


def _run(wanted: argparse.Namespace, settings: Settings) -> int:
    if not _is_port_free(settings):
        sys.stderr.write(f"Port {settings.port} on {settings.host} is taken. Stop what uses it, or set PORT to another.\n")
        return 2
    from storefront.running import run

    return run(settings, with_worker=not wanted.no_worker)


def _work(wanted: argparse.Namespace, settings: Settings) -> int:
    from storefront.running import work

    return work(settings, burst=wanted.burst)


def _migrate(_wanted: argparse.Namespace, settings: Settings) -> int:
    from storefront.core import db
    from storefront.core.migrating import migrate

    migrate(db.connect(settings.database_dsn))
    return 0


def _seed(_wanted: argparse.Namespace, settings: Settings) -> int:
    from storefront.seeding import seed_demo

    with _runtime(settings).app_context():
        count = seed_demo()
    sys.stdout.write(f"{count} products.\n" if count else "The shop is not empty; nothing was changed.\n")
    return 0


def _owner(wanted: argparse.Namespace, settings: Settings) -> int:
    from storefront.accounts.addresses import BadAddressError
    from storefront.accounts.service import create_owner
    from storefront.core.db import unit_of_work

    email = wanted.email or settings.owner_email
    try:
        with _runtime(settings).app_context(), unit_of_work():
            password = create_owner(email, wanted.password)
    except BadAddressError:
        sys.stderr.write(f"{email} is no e-mail address.\n")
        return 2
    sys.stdout.write(f"Owner {email}, password {password}\n")
    return 0


def _reconcile(wanted: argparse.Namespace, settings: Settings) -> int:
    from storefront.checkout.jobs import gateway
    from storefront.checkout.sweeping import reconcile
    from storefront.core.clock import now, timedelta
    from storefront.gateways.stripe import PaymentRefused, PaymentUnknown

    with _runtime(settings).app_context():
        try:
            report = reconcile(gateway(), now() - timedelta(days=wanted.days))
        except (PaymentRefused, PaymentUnknown) as trouble:
            sys.stderr.write(f"Stripe could not be asked: {trouble}\n")
            return 1
    sys.stdout.write(
        f"{report.compared} sessions compared, {report.repaired} repaired, {report.unknown} without an order here.\n"
    )
    return 1 if report.unknown else 0


def _doctor(wanted: argparse.Namespace, settings: Settings) -> int:
    from storefront.checkout.doctor import findings

    with _runtime(settings).app_context():
        found = findings(thorough=wanted.thorough)
    for finding in found:
        sys.stdout.write(f"{finding.name}: {finding.sentence} ({', '.join(finding.rows)})\n")
    sys.stdout.write("Something needs you.\n" if found else "All is well.\n")
    return 1 if found else 0


def _runtime(settings: Settings) -> "Flask":
    from storefront.app import create_runtime

    return create_runtime(settings)


def _is_port_free(settings: Settings) -> bool:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            return False
    return True
