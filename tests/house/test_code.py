"""The code keeps the rules of CONTRIBUTING.md. Each message says what to do instead."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("storefront", "practice_stripe")
MOST_LINES_OF_A_FUNCTION = 60
MOST_LINES_OF_A_SERVICE = 300

# The job table is an edge of its own: claiming, finishing and failing are each one transaction beside the work.
OWN_UNITS = {"storefront/jobs/service.py"}

# Percent; and currencies without cents in which Stripe counts hundredths all the same.
HUNDREDS_ALLOWED = {"practice_stripe/coupons.py", "storefront/gateways/stripe.py"}

# Where amounts are nothing but numbers of a library, or seconds and bytes.
FLOATS_ALLOWED = {"storefront/web/page_cache.py", "storefront/web/filters.py"}


def sources(*folders: str) -> list[Path]:
    """Return our Python files below these folders."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def tracked(*patterns: str) -> list[Path]:
    """Return what is, or is about to be, in the repository."""
    try:
        said = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        ).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("this is no git repository, so nobody knows which files are ours")
    return [ROOT / line for line in said.splitlines() if (ROOT / line).is_file()]


def name_of(path: Path) -> str:
    """Return the path as people write it."""
    return path.relative_to(ROOT).as_posix()


def calls(path: Path) -> Iterator[tuple[int, str, ast.Call]]:
    """Yield line, dotted name and node of every call in a file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func), node


def test_floors_and_rooms_are_kept() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([program], cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert run.returncode == 0, (
        f"an import goes upstairs or sideways (docs/decisions/floors.md):\n{run.stdout[-3000:]}"
    )


def test_every_package_has_a_floor() -> None:
    """import-linter refuses a module that no floor names; this says so before it, in a sentence."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    floors = next(one for one in project["tool"]["importlinter"]["contracts"] if one["id"] == "floors")
    named = {word for line in floors["layers"] for word in re.findall(r"\w+", line)}
    rooms = {path.stem for path in (ROOT / "storefront").glob("[!_]*.py")}
    rooms |= {path.parent.name for path in (ROOT / "storefront").glob("*/__init__.py")}
    assert rooms - named == set(), "give the new package a floor in [tool.importlinter] of pyproject.toml"


def test_only_the_clock_knows_the_time() -> None:
    asking = re.compile(r"(^|\.)(datetime|date)\.(now|utcnow|today|utcfromtimestamp)$")
    found = [
        f"{name_of(path)}:{line}"
        for path in sources("storefront")
        if name_of(path) != "storefront/core/clock.py"
        for line, called, _ in calls(path)
        if asking.search(called)
    ]
    assert found == [], "ask storefront.core.clock.now(), which tests can hold still"


def test_money_is_never_a_float() -> None:
    found = [
        f"{name_of(path)}:{line}"
        for path in sources("storefront")
        if name_of(path) not in FLOATS_ALLOWED
        for line, called, node in calls(path)
        if called == "float" and not (node.args and isinstance(node.args[0], ast.Constant))
        if "amount" in ast.unparse(node) or "price" in ast.unparse(node) or "total" in ast.unparse(node)
    ]
    assert found == [], "money is an integer of minor units (storefront.core.money)"


def test_nothing_is_multiplied_or_divided_by_a_hundred() -> None:
    """Yen have no cents and dinars have a thousand; the currency knows (money.exponent_of)."""
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in sources(*PACKAGES)
        if name_of(path) not in HUNDREDS_ALLOWED
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div | ast.FloorDiv)
        if any(
            isinstance(side, ast.Constant) and side.value in (100, 100.0) for side in (node.left, node.right)
        )
    ]
    assert found == [], "use storefront.core.money"


def test_services_never_commit() -> None:
    """The edge does: a view or a job opens `with unit_of_work():`, and one sees there what is one transaction."""
    inner = [
        path
        for path in sources("storefront")
        if "service" in path.parts[-2:] or path.stem in ("service", "queries")
    ]
    assert inner, "where did the services go?"
    found = [
        f"{name_of(path)}:{line}"
        for path in inner
        for line, called, _ in calls(path)
        if called.endswith((".commit", ".rollback")) or called.split(".")[-1] == "unit_of_work"
        if name_of(path) not in OWN_UNITS
    ]
    assert found == [], "open the unit of work in the view or in the job"


def test_services_fit_on_a_few_screens() -> None:
    long = {
        name_of(path): count
        for path in sources("storefront")
        if path.stem == "service"
        and (count := len(path.read_text("utf-8").splitlines())) > MOST_LINES_OF_A_SERVICE
    }
    assert long == {}, "make it a package named by verbs: orders/service/placing.py"


def test_functions_fit_on_a_screen() -> None:
    long = [
        f"{name_of(path)}:{node.lineno} {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for path in sources(*PACKAGES, "scripts")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None
        if node.end_lineno - node.lineno + 1 > MOST_LINES_OF_A_FUNCTION
    ]
    assert long == [], "say its parts by name"


def test_public_functions_say_what_they_mean() -> None:
    silent = [
        f"{name_of(path)}:{node.lineno} {node.name}"
        for path in sources(*PACKAGES)
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if not node.name.startswith("_") and ast.get_docstring(node) is None
    ]
    assert silent == [], "write a docstring: meaning, units, what is raised"


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
    found = [
        f"{name_of(path)}:{number}"
        for path in tracked("*.py", "*.html", "*.txt", "*.js", "*.css", "*.md", "*.yml", "*.toml", "Makefile")
        if "vendor" not in path.parts
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1)
        if marks.search(line)
    ]
    assert found == [], "do it now, or write an issue"


def test_every_exception_from_the_type_checker_says_why() -> None:
    bare = [
        f"{name_of(path)}:{number}"
        for path in sources(*PACKAGES)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(r"#\s*type: ignore(\[[\w, -]+\])?\s*$", line)
    ]
    assert bare == [], "write the reason behind it: # type: ignore[code]  # because ..."


def test_no_package_index_and_no_path_of_a_machine_is_in_the_repository() -> None:
    """Where packages come from, and where somebody keeps the project, is theirs to know."""
    forbidden = re.compile(
        r"(?i)--(extra-)?index-url|pypi\.org/simple|files\.pythonhosted\.org|registry\.npmjs\.org"
        r"|(?<![\w.$}])/(?:home|Users|root|work)/[\w.-]+/"
    )
    texts = tracked(
        "*.py", "*.toml", "*.lock", "*.json", "*.md", "*.yml", "*.yaml", "*.sh", "*.html", "*.js", "*.conf", "*.txt",
        "Makefile", "Dockerfile", "scripts/*", "deploy/*", ".ci/*", ".env.example",
    )  # fmt: skip
    found = [
        f"{name_of(path)}:{number}: {line.strip()[:80]}"
        for path in texts
        if path != Path(__file__) and path.name != "test_locks.py"
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1)
        if forbidden.search(line)
    ]
    assert found == []


def test_only_pages_and_the_page_cache_read_what_htmx_says() -> None:
    """What is a fragment is decided in web/pages.py; the cache keeps fragment and page apart by the same headers."""
    found = [
        name_of(path)
        for path in sources("storefront")
        if re.search(r"[\"'](HX-|HTTP_HX)", path.read_text("utf-8"))
        if name_of(path) not in ("storefront/web/pages.py", "storefront/web/page_cache.py")
    ]
    assert found == [], "use storefront.web.pages: wants_fragment(), render_page(), go()"
