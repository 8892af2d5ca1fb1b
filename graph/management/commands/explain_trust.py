"""`manage.py explain_trust ID`: one trust receipt with all its reasons; `--check`: every stored one computed once more."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from graph import trust_selectors
from profiles import api_selectors
from profiles.api_selectors import TrustReport

MISMATCHES_SHOWN = 20


class Command(BaseCommand):
    help = "Explain the trust receipt of a record, or compute every stored receipt once more and compare."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("public_id", nargs="?", metavar="ID", help="the public id of a researcher")
        what.add_argument("--check", action="store_true", help="compute all stored receipts again, of every version")

    def handle(self, *, public_id: str | None, check: bool, **_: Any) -> None:
        if check:
            self._check()
        else:
            self._explain(public_id or "")

    def _explain(self, public_id: str) -> None:
        found = api_selectors.whereabouts(public_id)
        if found is None:
            raise CommandError(f"There is no researcher {public_id!r}.")
        if found.moved_to:
            raise CommandError(f"This record was joined with {found.moved_to}.")
        report = api_selectors.trust_report(found.key)
        if report is None:
            raise CommandError("No receipt has been computed yet.")
        self.stdout.write("\n".join(_lines(report)))

    @transaction.atomic
    def _check(self) -> None:
        equal: Counter[str] = Counter()
        wrong = 0
        for row in trust_selectors.recomputed():
            if row.equal:
                equal[row.model_version] += 1
                continue
            wrong += 1
            if wrong <= MISMATCHES_SHOWN:
                self.stderr.write(
                    f"{row.public_id}: stored {row.score} ({row.inputs_hash[:8]}), computed {row.receipt.score}"
                    f" ({row.receipt.inputs_hash[:8]}) under {row.model_version}"
                )
        for version, count in sorted(equal.items()):
            self.stdout.write(f"{version}: {count} reproduced")
        if wrong:
            raise CommandError(f"{wrong} not reproduced.")


def _lines(report: TrustReport) -> list[str]:
    lines = [f"Record confidence {report.word}, {report.score} of 100"]
    for line in report.components:
        most = f"/{line.maximum}" if line.maximum else ""
        lines += [f"  {line.label:<14}{line.points:>4}{most:<4} {line.evidence}", f"  {'':<23}{line.would_raise}"]
    lines += [f"Model   {report.model_version}", f"Inputs  {report.inputs_hash}", "History"]
    return lines + [f"  {c.at}  {c.score:>3}  {c.model_version}  {c.cause or 'first computed'}" for c in report.history]
