"""Addresses of built files: the front end's build gives each a hashed name and lists it in a manifest."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class Asset(msgspec.Struct, frozen=True):
    """One entry of Vite's manifest: `file` is the path of the built file, `src` that of its source."""

    file: str
    src: str = ""


def static(name: str) -> str:
    """The address of a built file by the name of its source, such as "site.css", "site.ts" or "icons.svg".

    Raises ImproperlyConfigured when the front end has not been built, KeyError for a name it does not have.
    """
    return built()[name]


@cache
def built() -> dict[str, str]:
    """The addresses of this checkout's front end. Read once: a new build needs a new process."""
    return addresses(Path(settings.BASE_DIR) / "static" / "dist" / ".vite" / "manifest.json")


def addresses(manifest: Path) -> dict[str, str]:
    """Every built file's address by the last part of its source's path."""
    try:
        content = manifest.read_bytes()
    except OSError as error:
        raise ImproperlyConfigured(
            "The front end has not been built: static/dist/ is missing. "
            "Run `npm ci && npm run build` in static/, or `uv run manage.py demo`, which does it for you.",
        ) from error
    assets = msgspec.json.decode(content, type=dict[str, Asset])
    return {Path(asset.src or key).name: f"{settings.STATIC_URL}{asset.file}" for key, asset in assets.items()}
