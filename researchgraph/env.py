"""Typed reading of environment variables. A wrong value stops the program with a sentence, never with a default."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def flag(name: str, *, default: bool) -> bool:
    value = os.environ.get(name, "")
    if value not in {"", "true", "false"}:
        raise ImproperlyConfigured(f'{name} must be "true" or "false", not {value!r}.')
    return default if value == "" else value == "true"


def integer(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    try:
        return int(value) if value else default
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None


def choice(name: str, *, among: tuple[str, ...]) -> str:
    """One of a few words; the first one is the default."""
    value = os.environ.get(name, "") or among[0]
    if value not in among:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(among)}, not {value!r}.")
    return value


def names(name: str) -> list[str]:
    """A comma-separated list; blanks around and between entries are dropped."""
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


def secret(name: str) -> str:
    """The value of NAME, or the contents of the file NAME_FILE points to (for container secrets)."""
    path = os.environ.get(f"{name}_FILE", "")
    if not path:
        return os.environ.get(name, "")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE: {path} cannot be read ({error.strerror}).") from None


def database(url: str) -> dict[str, object]:
    """Django's parts of a `postgresql://user:password@host:port/name` address."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ImproperlyConfigured("DATABASE_URL must look like postgresql://user:password@host:5432/name.")
    return {
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or 5432),
    }
