#!/usr/bin/env python
"""Entry point of every command. Imports nothing heavy itself, so that `demo` can start from nothing."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "researchgraph.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
