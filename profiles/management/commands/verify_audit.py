"""`manage.py verify_audit`: whether what people have decided is still what was sealed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from profiles.flows.seal import verify


class Command(BaseCommand):
    help = "Compare every sealed decision with its seal. Exit with 1 and name what was changed, is gone or slipped in."

    def handle(self, **_: Any) -> None:
        looked, found = verify()
        for one in found:
            self.stdout.write(f"{one.log}: {one.what}.")
        if found:
            raise CommandError(f"{len(found):,} things are not as they were sealed.")
        self.stdout.write(f"{looked:,} sealed decisions are as they were.")
