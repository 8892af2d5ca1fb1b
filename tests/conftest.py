"""What all tests share: engines of their own, the bundled records in the database, a whole site, a real browser.

Settings are loaded after `pytest_configure` below has set their environment, never before.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from researchgraph import embedded

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response
    from pytest_django.plugin import DjangoDbBlocker

ROOT = Path(__file__).resolve().parents[1]
IN_CI = os.environ.get("CI") == "true"
# The machine's own configuration is none of the tests' business.
FOREIGN = (
    "DATABASE_URL",
    "REDIS_URL",
    "CACHE_URL",
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "SITE_URL",
    "CONTACT_EMAIL",
    "DEBUG",
    "TRUST_MODEL_FILE",
    "CONFIDENCE_NUMBER",
)
MOST_PROCESSES = 4
BROWSER_SECONDS = 15
DEMO_SECONDS = 280

hypothesis_settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)
hypothesis_settings.load_profile("ci" if IN_CI else "project")


def missing(reason: str) -> None:
    """End the test for want of something the machine lacks: a failure in CI, a skip elsewhere."""
    if IN_CI:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if _hands_out(config):
        return
    for name in FOREIGN:
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="rg-tests-")
    Path(os.environ["DATA_DIR"]).chmod(0o755)
    # Where collected files would be: WhiteNoise warns when there is no such directory.
    Path(os.environ["DATA_DIR"], "static").mkdir()
    os.environ["RESEARCHGRAPH_MODE"] = "test"
    os.environ["DJANGO_SETTINGS_MODULE"] = "researchgraph.settings"
    # Playwright's loop runs in the thread of the tests, which Django would refuse to use the database from.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    # pytest-django goes on from here: it looks for loaded settings after this hook.
    import django
    from django.contrib.auth.hashers import Argon2PasswordHasher

    django.setup()
    # The hasher of every site, at the least it can cost: passwords of tests are no secrets.
    Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = 1, 8, 1


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    if not _hands_out(config):
        shutil.rmtree(os.environ["DATA_DIR"], ignore_errors=True)


def _hands_out(config: pytest.Config) -> bool:
    """Whether this process runs no test itself: what it set in its environment, the others would find set before them."""
    return bool(config.getoption("tx")) and not hasattr(config, "workerinput")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A process, with engines of its own, for each core; none but this one when only files or tests were named."""
    narrow = config.args and all(".py" in argument for argument in config.args)
    return 0 if narrow else min(os.cpu_count() or 1, MOST_PROCESSES)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with real transactions come last; the order stays random otherwise.

    Such a test empties all tables after itself: every later test that wants the bundled records imports them again.
    """
    emptying = {item.path for item in items if _empties_tables(item)}
    items.sort(key=lambda item: item.path in emptying)


def _empties_tables(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    return bool(marker and marker.kwargs.get("transaction")) or "transactional_db" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session", autouse=True)
def engines() -> Iterator[None]:
    """PostgreSQL and Valkey for the whole session, in a directory of their own."""
    where = embedded.layout(Path(os.environ["DATA_DIR"]).resolve())
    with embedded.running(where, durable=False):
        yield
    shutil.rmtree(where.socket_dir, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def front_end() -> None:
    """The built front end, whose files every page names; built now in a fresh checkout."""
    from researchgraph import frontend

    frontend.build(ROOT / "static", say=print)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database with the bundled records in it; every test sees them inside its own transaction."""
    from django.db import connection

    with django_db_blocker.unblock():
        # pytest-django makes a database only where a test says, by marker or fixture, that it wants one.
        assert str(connection.settings_dict["NAME"]).startswith("test_"), "mark these tests with django_db"
        import_bundled_records()
    yield
    # A connection that a pool is just making or closing would keep the database from being dropped.
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )


def import_bundled_records() -> None:
    from works import imports
    from works.demo.build import OUTPUT

    run = imports.start_run(source="jsonl", query=str(OUTPUT))
    imports.advance(run)
    imports.settle()


@pytest.fixture
def library(db: None) -> None:
    """The bundled records, imported, decided on and with all pages' rows."""
    from django.db import connection

    from works.models import Work

    # Gone when a test with real transactions has run before and emptied all tables after itself.
    if not Work.objects.exists():
        import_bundled_records()
        # An import refreshes statistics by what it has committed, and here nothing is. Plans for the tables as they were
        # before, empty, take seconds a page.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


@pytest.fixture
def empty_library(db: None) -> None:
    """No record at all; the bundled ones are back after the test."""
    from django.apps import apps
    from django.db import connection

    models = [m for label in ("profiles", "works", "graph") for m in apps.get_app_config(label).get_models()]
    tables = ", ".join(connection.ops.quote_name(m._meta.db_table) for m in models)
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables}")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real records and real samples of every source format, kept next to the repository and not in it."""
    path = ROOT.parent / "shared" / "data"
    if not path.is_dir():
        missing("../shared/data is not there: real records are tested only next to it")
    return path


@dataclass(frozen=True)
class DemoSite:
    """A running `manage.py demo`; `url` has no slash at its end."""

    url: str
    data_dir: Path

    def manage(self, *arguments: object, **variables: str) -> str:
        """What one `manage.py` command prints that joins the running site."""
        command = [sys.executable, "manage.py", *map(str, arguments)]
        environment = demo_environment() | {"DATA_DIR": str(self.data_dir)} | variables
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=280
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def demo_environment() -> dict[str, str]:
    """The environment of a shell in which nothing is configured."""
    return {
        k: v for k, v in os.environ.items() if k not in {"DATA_DIR", "RESEARCHGRAPH_MODE", "DJANGO_SETTINGS_MODULE"}
    }


@pytest.fixture(scope="session")
def demo_site() -> Iterator[DemoSite]:
    """The whole site as the README starts it: web server, worker, engines, bundled records."""
    data_dir = Path(tempfile.mkdtemp(prefix="rg-demo-"))
    data_dir.chmod(0o755)
    log = data_dir / "demo.log"
    command = [sys.executable, "manage.py", "demo", "--data-dir", str(data_dir), "--port", "0"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=demo_environment(), stdout=output, stderr=output)
    try:
        yield DemoSite(url=_demo_url(process, log), data_dir=data_dir)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, log.read_text(encoding="utf-8")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        shutil.rmtree(data_dir, ignore_errors=True)


def _demo_url(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + DEMO_SECONDS
    while time.monotonic() < deadline:
        text = log.read_text(encoding="utf-8", errors="replace")
        for line in text.splitlines():
            if line.startswith("The site is at "):
                return line.removeprefix("The site is at ").rstrip("/")
        if process.poll() is not None:
            break
        time.sleep(0.1)
    pytest.fail(f"The demo did not start:\n{log.read_text(encoding='utf-8', errors='replace')}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium of this machine, else Playwright's own."""
    from playwright.sync_api import Error, sync_playwright

    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        try:
            launched = playwright.chromium.launch(
                executable_path=executable,
                args=["--no-sandbox", "--disable-background-networking"],
            )
        except Error as error:
            missing(f"no Chromium: install it, or run `uv run playwright install chromium` ({error.message[:200]})")
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty browser page in a context of its own. Console errors and uncaught exceptions fail the test at its end."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(BROWSER_SECONDS * 1000)
    opened = context.new_page()
    errors: list[str] = []
    visited: set[str] = set()

    def note(message: ConsoleMessage) -> None:
        # Chromium reports a page that does not exist as an error, even when a test looks for just that.
        expected = message.location.get("url") in visited and "status of 404" in message.text
        if message.type == "error" and not expected:
            errors.append(f"{message.text} ({message.location.get('url')})")

    def visit(request: Request) -> None:
        if request.is_navigation_request():
            visited.add(request.url)

    def answered(response: Response) -> None:
        if response.status >= 500:
            errors.append(f"{response.status} {response.url}")

    opened.on("console", note)
    opened.on("request", visit)
    opened.on("response", answered)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == []
