"""`manage.py rebuildidentities`: make who holds what agree with the identity events, or check that it does."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from profiles.flows.rebuild import rebuild


class Command(BaseCommand):
    help = "Replay all identity events and store what they come to. With --check, only say what differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if anything differs")

    def handle(self, *, check: bool, **_: Any) -> None:
        count = rebuild(check=check)
        if not count:
            self.stdout.write("Everything is as the identity events say.")
        elif check:
            raise CommandError(f"{count} differ from the identity events. Run without --check to store what they say.")
        else:
            self.stdout.write(f"Stored {count} again as the identity events say.")
