"""`manage.py demo`: the whole site on this machine with one command, from nothing."""

from __future__ import annotations

import os
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from graph.models import StaleResearcher
from profiles.models import Researcher, StaleBlock
from researchgraph import frontend, supervisor
from researchgraph.accounts.demo import accounts
from researchgraph.errors import ResearchgraphError
from researchgraph.lib.progress import ProgressBar
from researchgraph.orcid.stand_in import Person, standing_in
from works import imports
from works.demo.build import OUTPUT
from works.models import ImportRun, RunState, Work, WorkIdentifier
from works.tasks import run_import, sweep

SHOWN_NAME = "Ari S. Morcos"
DEMO_ORCID = "0000-0002-1825-0097"
"""The iD that ORCID itself gives as an example; it is nobody's."""
POLL_SECONDS = 0.2
SILENCE_SECONDS = 15.0
"""When nothing has moved for so long, a wake-up may have been lost: send it again."""


class Command(BaseCommand):
    help = "Run the whole site on this machine: engines, import of the bundled records, worker and web server."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port", type=int, default=8000, help="of the web server; 0 picks a free one (default: 8000)"
        )
        parser.add_argument("--data-dir", type=Path, help="where the site keeps everything (default: var/)")
        parser.add_argument(
            "--import",
            dest="file",
            type=Path,
            metavar="FILE",
            help="a JSONL file (also .gz, .zst) instead of the bundled records",
        )
        parser.add_argument(
            "--once", action="store_true", help="do it all, request one profile, print a summary and stop"
        )

    def handle(self, *, port: int, data_dir: Path | None, file: Path | None, once: bool, **_: Any) -> None:
        if data_dir is not None and data_dir.resolve() != settings.DATA_DIR:
            raise CommandError("--data-dir works from the command line only: settings are read before it.")
        if file is not None and not file.is_file():
            raise CommandError(f"There is no file {file}.")
        supervisor.stop_on_signals()
        try:
            self._run(port, (file or OUTPUT).resolve(), once=once)
        except ResearchgraphError as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            self.stdout.write("Stopped. The data stays in " + str(settings.DATA_DIR))

    def _run(self, port: int, file: Path, *, once: bool) -> None:
        started = time.monotonic()
        site = supervisor.Site(supervisor.listen(port), data_dir=settings.DATA_DIR, say=self._say)
        with standing_in() as orcid:
            if not settings.ORCID_CLIENT_ID:
                # Read by the settings of the programs that are started from here.
                os.environ.update(orcid.settings)
            try:
                settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
                frontend.build(settings.BASE_DIR / "static", say=self._say)
                frontend.collect(settings.DATA_DIR)
                site.start_engines()
                call_command("migrate", verbosity=0, interactive=False)
                site.start(supervisor.WORKER)
                site.start(supervisor.web(site.listener))
                self._import(site, file)
                _request(site, "/healthz/")
                # Last, because three programs that load at once would all be slow.
                site.start(supervisor.BEAT)
                self._serve(site, orcid.people, time.monotonic() - started, once=once)
            finally:
                if not once:
                    self._say("Stopping ...")
                site.stop()

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _import(self, site: supervisor.Site, file: Path) -> None:
        """Have the worker import `file`, unless it has done so since the file last changed."""
        earlier = ImportRun.objects.filter(source="jsonl", query=str(file), limit=None).exclude(state=RunState.FAILED)
        run = earlier.order_by("-pk").first()
        if run is None or (run.finished_at is not None and run.finished_at.timestamp() < file.stat().st_mtime):
            run = imports.start_run(source="jsonl", query=str(file))
        if run.state != RunState.DONE:
            run_import.delay(run.pk)
            self._await_run(site, run, file)
        self._await_pages(site)

    def _await_run(self, site: supervisor.Site, run: ImportRun, file: Path) -> None:
        total = _lines(file)
        silence = _Silence()
        with ProgressBar(sys.stderr, "Importing", unit="records") as bar:
            while run.state in {RunState.QUEUED, RunState.RUNNING}:
                site.look()
                time.sleep(POLL_SECONDS)
                run.refresh_from_db()
                bar.update(run.fetched, run.total or total)
                silence.note(run.fetched)
        if run.state == RunState.FAILED:
            raise CommandError(run.message)
        if run.quarantined:
            self._say(
                f"{run.quarantined} records were held back; the import's page tells why: {run.get_absolute_url()}"
            )

    def _await_pages(self, site: supervisor.Site) -> None:
        left = _left()
        if not left:
            return
        most = left
        silence = _Silence()
        with ProgressBar(sys.stderr, "Deciding who is who, making pages", unit="steps") as bar:
            while left:
                most = max(most, left)
                bar.update(most - left, most)
                silence.note(left)
                site.look()
                time.sleep(POLL_SECONDS)
                left = _left()
            bar.update(most, most)

    def _serve(self, site: supervisor.Site, people: dict[str, Person], seconds: float, *, once: bool) -> None:
        shown = Researcher.objects.filter(merged_into=None).order_by("-works_count", "pk")
        researcher = shown.filter(display_name=SHOWN_NAME).first() or shown.first()
        address = researcher.get_absolute_url() if researcher else "/"
        name = researcher.display_name if researcher else "the home page"
        status, size, took = _request(site, address)
        if once:
            records = Researcher.objects.filter(merged_into=None).count()
            self._say(f"{Work.objects.count():,} works, {records:,} researchers, ready in {seconds:.1f} s.")
            self._say(f"{name}: {address} answered {status} with {size:,} bytes in {took * 1000:.0f} ms.")
            if status != 200:
                raise CommandError(f"The profile was not served; see {site.log('web')}.")
            return
        if researcher:
            people[DEMO_ORCID] = _demo_person(researcher)
        self._say("Accounts to try it with, on this machine only:")
        for role, email, password in accounts():
            self._say(f"  {role:<11} {email:<24} {password}")
        self._say(f"{name}: {site.url}{address}")
        self._say("Press Ctrl-C to stop.")
        # Last: whoever waits for this line may go ahead.
        self._say(f"The site is at {site.url}/")
        site.watch()


def _demo_person(researcher: Researcher) -> Person:
    """The researcher on show as somebody who has an iD and names their works there."""
    given, _, family = researcher.display_name.rpartition(" ")
    identifiers = WorkIdentifier.objects.filter(
        scheme__in=("doi", "arxiv"), work__authorships__researcher=researcher
    ).order_by("pk")
    return Person(DEMO_ORCID, given, family, tuple(identifiers.values_list("scheme", "value")))


class _Silence:
    """Sends the wake-up again when nothing has moved for a while."""

    def __init__(self) -> None:
        self._seen: int | None = None
        self._since = time.monotonic()

    def note(self, state: int) -> None:
        now = time.monotonic()
        if state != self._seen or now - self._since > SILENCE_SECONDS:
            if state == self._seen:
                sweep.delay()
            self._seen, self._since = state, now


def _left() -> int:
    # Blocks first: deciding on one may leave stale researchers, never the other way round.
    blocks = StaleBlock.objects.count()
    return blocks + StaleResearcher.objects.count()


def _lines(file: Path) -> int:
    """How many records a plain file has; 0, for unknown, when it is compressed."""
    if file.suffix != ".jsonl":
        return 0
    with file.open("rb") as lines:
        return sum(1 for line in lines if line.strip())


def _request(site: supervisor.Site, address: str) -> tuple[int, int, float]:
    """Status, size in bytes and seconds of one request, the first the web server answers."""
    deadline = time.monotonic() + supervisor.WEB_SECONDS
    while True:
        site.look()
        began = time.monotonic()
        try:
            with urllib.request.urlopen(site.url + address, timeout=supervisor.WEB_SECONDS) as response:  # noqa: S310 - our own address
                return response.status, len(response.read()), time.monotonic() - began
        except urllib.error.HTTPError as error:
            return error.code, len(error.read()), time.monotonic() - began
        except OSError as error:
            if began > deadline:
                raise CommandError(f"The web server does not answer ({error}); see {site.log('web')}.") from None
            time.sleep(POLL_SECONDS)
