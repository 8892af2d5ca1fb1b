"""`manage.py createaccount`: an account that can log in at once, such as the first administrator's."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from researchgraph import env
from researchgraph.accounts.create import Role, create
from researchgraph.errors import Conflict


class Command(BaseCommand):
    help = "Make an account with a confirmed e-mail address: a reader's, a curator's or an administrator's."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the address the account logs in with")
        parser.add_argument("--name", help="shown with decisions (default: the address up to the @)")
        parser.add_argument("--role", choices=[role.value for role in Role], default=Role.READER.value)

    def handle(self, *, email: str, name: str | None, role: str, **_: Any) -> None:
        try:
            validate_email(email)
            create(email=email, password=self._password(), name=name or email.partition("@")[0], role=Role(role))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        except Conflict as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{email} can log in as {role}.")

    def _password(self) -> str:
        given = env.secret("ACCOUNT_PASSWORD")
        if given:
            return given
        if not sys.stdin.isatty():
            raise CommandError("Set ACCOUNT_PASSWORD or ACCOUNT_PASSWORD_FILE, or run this in a terminal.")
        first = getpass.getpass("Password: ")
        if first != getpass.getpass("Once more: "):
            raise CommandError("The two passwords differ.")
        return first
