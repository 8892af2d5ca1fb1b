#!/usr/bin/env python
"""Entry point of every command. Imports nothing heavy itself, so that `demo` can start from nothing.

Without DATABASE_URL a command runs on the embedded engines: on those that run already, else on its own, which it
stops at the end. Without SECRET_KEY too this is somebody's own machine, so RESEARCHGRAPH_MODE becomes "demo".
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent
NEED_NO_ENGINES = {
    "", "help", "version", "check", "collectstatic", "findstatic", "diffsettings", "spectacular",
    "startapp", "startproject", "compilemessages", "makemessages", "demo",
}  # fmt: skip
"""`demo` starts its own; the others read code only."""


def option(arguments: list[str], name: str) -> str:
    """The value of `--name VALUE` or `--name=VALUE`, or ""."""
    for position, argument in enumerate(arguments):
        if argument == name:
            return "".join(arguments[position + 1 : position + 2])
        if argument.startswith(f"{name}="):
            return argument.partition("=")[2]
    return ""


def configured(name: str) -> bool:
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "researchgraph.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command == "demo" and (data_dir := option(sys.argv[2:], "--data-dir")):
        # Settings read it, and they are loaded before the command sees its options.
        os.environ["DATA_DIR"] = str(Path(data_dir).resolve())
    embedded_engines = not configured("DATABASE_URL")
    if command == "demo" or (embedded_engines and not configured("SECRET_KEY")):
        os.environ.setdefault("RESEARCHGRAPH_MODE", "demo")
    wanted = embedded_engines and command not in NEED_NO_ENGINES and not command.startswith("-")
    if wanted and not {"-h", "--help", "--version"} & set(sys.argv[2:]):
        run_with_engines()
    else:
        execute()


def run_with_engines() -> None:
    from researchgraph import embedded
    from researchgraph.errors import EngineError

    data_dir = Path(os.environ.get("DATA_DIR") or BASE_DIR / "var").resolve()
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(embedded.running(embedded.layout(data_dir)))
        except EngineError as error:
            raise SystemExit(f"Error: {error}") from None
        execute()


def execute() -> None:
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
