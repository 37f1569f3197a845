"""The command line: run, worker, migrate, seed, owner create, import, export, reconcile, doctor."""

import argparse
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from storefront.core.clock import date
from storefront.core.settings import Settings, SettingsError, load_settings

if TYPE_CHECKING:
    from flask import Flask

    from storefront.core.clock import datetime

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
    run = _add(
        commands, "run", _run, "start the shop: web and worker (and practice Stripe when no key is set)"
    )
    run.add_argument("--no-worker", action="store_true", help="only the web; run worker.py beside it")
    work = _add(commands, "worker", _work, "do the work that is due, for ever")
    work.add_argument("--burst", action="store_true", help="do what is due now, then end (for cron)")
    _add(commands, "migrate", _migrate, "bring the database to the newest schema")
    _add(commands, "seed", _seed, "fill an empty shop with the demo catalogue")
    owner = _add(commands, "owner", _owner, "look after the owner's account").add_subparsers(
        required=True, metavar="ACTION"
    )
    create = _add(owner, "create", _owner, "make an owner, or let one back in, with a new password")
    create.add_argument("email", nargs="?", help="address to log in with (default: OWNER_EMAIL)")
    create.add_argument("--password", help="a random one is made and printed when none is given")
    compare = _add(commands, "reconcile", _reconcile, "compare Stripe with the books and repair")
    compare.add_argument("--days", type=int, default=7, help="how far back to look (default: 7)")
    compare.add_argument(
        "--since", type=_day, metavar="DATE", help="look back to this day instead, as 2030-05-31"
    )
    _add_files(commands)
    check = _add(commands, "doctor", _doctor, "check what must always hold")
    check.add_argument("--thorough", action="store_true", help="also look for every file in the storage")
    return parser


def _add_files(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    bring = _add(
        commands, "import", _import, "read products from a CSV file of this shop, Shopify or WooCommerce"
    )
    bring.add_argument("what", choices=["products"])
    bring.add_argument("file", type=Path)
    bring.add_argument("--dry-run", action="store_true", help="only say what would change")
    bring.add_argument(
        "--without-pictures", action="store_true", help="do not fetch pictures from their addresses"
    )
    bring.add_argument("--report", type=Path, help="write all errors and hints into this CSV file")
    take = _add(
        commands, "export", _export, "write products, orders, lines, refunds or customers into a CSV file"
    )
    take.add_argument("what", choices=["products", "orders", "lines", "refunds", "customers"])
    take.add_argument("file", type=Path)
    take.add_argument(
        "--since", type=date.fromisoformat, metavar="DAY", help="only from this day on: 2026-01-31"
    )
    take.add_argument("--until", type=date.fromisoformat, metavar="DAY", help="only up to this day")
    take.add_argument("--state", choices=["pending", "open", "completed", "cancelled"], help="of the order")
    take.add_argument(
        "--payment", choices=["unpaid", "processing", "paid", "partly_refunded", "refunded", "disputed"]
    )
    take.add_argument("--search", default="", metavar="WORDS", help="as in the owner's list of orders")
    take.add_argument("--without-bom", action="store_true", help="for programs; spreadsheets want the mark")


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, command: Command, text: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=command)
    return parser


def _run(wanted: argparse.Namespace, settings: Settings) -> int:
    if not _is_port_free(settings):
        sys.stderr.write(
            f"Port {settings.port} on {settings.host} is taken. Stop what uses it, or set PORT to another.\n"
        )
        return 2
    from storefront.running import run

    return run(settings, with_worker=not wanted.no_worker)


def _work(wanted: argparse.Namespace, settings: Settings) -> int:
    from storefront.working import work

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


def _day(text: str) -> "datetime":
    """Return the beginning of a day in UTC."""
    from storefront.core.clock import UTC, datetime

    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise argparse.ArgumentTypeError("write the day as 2030-05-31") from error


def _reconcile(wanted: argparse.Namespace, settings: Settings) -> int:
    from storefront.checkout.jobs import gateway
    from storefront.checkout.sweeping import reconcile
    from storefront.core.clock import now, timedelta
    from storefront.gateways.stripe import PaymentRefused, PaymentUnknown

    with _runtime(settings).app_context():
        try:
            report = reconcile(gateway(), wanted.since or now() - timedelta(days=wanted.days))
        except (PaymentRefused, PaymentUnknown) as trouble:
            sys.stderr.write(f"Stripe could not be asked: {trouble}\n")
            return 1
    sys.stdout.write(
        f"{report.compared} sessions, refunds and disputes compared, {report.repaired} repaired, "
        f"{report.unknown} without an order here; {report.foreign} of other shops left alone.\n"
    )
    sys.stdout.write("".join(f"{line}\n" for line in report.rest))
    return 1 if report.rest else 0


def _import(wanted: argparse.Namespace, settings: Settings) -> int:
    from storefront.importing import command
    from storefront.importing.reporting import sentence_of
    from storefront.importing.service import first_notes
    from storefront.web.filters import told

    with _runtime(settings).app_context():
        try:
            run = command.import_file(
                wanted.file,
                dry_run=wanted.dry_run,
                with_pictures=not wanted.without_pictures,
                say=lambda run: print(f"{run.position} of {run.total} products", file=sys.stderr),
            )
        except OSError as error:
            sys.stderr.write(f"{wanted.file} can't be read: {error.strerror}.\n")
            return 2
        if command.has_failed(run):
            sys.stderr.write(f"{told(run.failure)}\n")
            return 2
        if wanted.report:
            command.write_report(run, wanted.report)
        for column, meaning in run.columns["mapping"]:
            sys.stdout.write(f"{column} -> {told(meaning)}\n" if meaning else "")
        unused = [column for column, meaning in run.columns["mapping"] if not meaning]
        sys.stdout.write(f"Not used: {', '.join(unused)}\n" if unused else "")
        for note in first_notes(run, 20, errors=True):
            sys.stdout.write(f"row {note.line}, {note.column or 'row'}: {sentence_of(note)}\n")
    sys.stdout.write(
        f"{'Would be: ' if wanted.dry_run else ''}{run.created_count} new, {run.changed_count} changed, "
        f"{run.unchanged_count} unchanged, {run.refused_count} left out; {run.error_count} errors, "
        f"{run.warning_count} hints.\n"
    )
    return 1 if run.error_count else 0


def _export(wanted: argparse.Namespace, settings: Settings) -> int:
    with _runtime(settings).app_context():
        try:
            size = _write_export(wanted)
        except OSError as error:
            sys.stderr.write(f"{wanted.file} can't be written: {error.strerror}.\n")
            return 2
    sys.stdout.write(f"{size} bytes.\n")
    return 0


def _write_export(wanted: argparse.Namespace) -> int:
    from storefront.analytics import command
    from storefront.analytics.exporting import Wanted, What
    from storefront.importing.command import export_file
    from storefront.orders.states import OrderState, PaymentState

    if wanted.what == "products":
        return export_file(wanted.file)
    orders = Wanted(
        words=wanted.search,
        state=OrderState(wanted.state) if wanted.state else None,
        payment_state=PaymentState(wanted.payment) if wanted.payment else None,
        since=wanted.since,
        until=wanted.until,
    )
    return command.export_file(What(wanted.what), orders, wanted.file, bom=not wanted.without_bom)


def _doctor(wanted: argparse.Namespace, settings: Settings) -> int:
    from storefront.checkout.doctor import findings
    from storefront.checkout.jobs import balance_books

    with _runtime(settings).app_context():
        balance_books()
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
