"""`manage.py choosename`: print a person under the name they want, on every page and every work of theirs."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from profiles.flows.choose_name import choose_name
from profiles.models import Researcher
from researchgraph.errors import Conflict


class Command(BaseCommand):
    help = "Print a researcher under a chosen name everywhere; an empty name prints again what the sources have."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("researcher", help="public id of the record, as in its address")
        parser.add_argument("name", help="the name to print")
        parser.add_argument("--by", required=True, help="user name of the curator who decides")
        parser.add_argument("--reason", default="", help="kept with the decision; do not write names here")
        parser.add_argument(
            "--old-names-searchable", action="store_true", help="a search for an old name finds the record"
        )

    def handle(
        self, *, researcher: str, name: str, by: str, reason: str, old_names_searchable: bool, **_: Any
    ) -> None:  # fmt: skip
        record = Researcher.objects.filter(public_id=researcher).first()
        curator = get_user_model().objects.filter(username=by, is_active=True).first()
        if record is None or curator is None:
            raise CommandError(f"There is no {'record' if record is None else 'user'} of that name.")
        try:
            choose_name(
                researcher=record.pk, name=name, actor=curator, reason=reason, old_names_searchable=old_names_searchable
            )
        except Conflict as conflict:
            raise CommandError(str(conflict)) from None
        self.stdout.write("Done. Every page says so from now on.")
