"""Every template compiles and keeps the rules that the Content-Security-Policy and CSRF protection rest on.

Run by `make check`. Prints FILE:LINE and a reason for each offence; exit status 1 if there is any.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import django
from django.template import engines
from django.template.backends.jinja2 import Jinja2
from jinja2 import TemplateSyntaxError

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = ROOT / "templates"
FORBIDDEN = {
    r"<style\b": "an inline style sheet: put it into static/css",
    # A block of data runs nothing.
    r"<script\b(?![^>]*\b(?:src=|type=\"application/json\"))": "an inline script: put it into static/src",
    r"\sstyle\s*=": "a style attribute: use a class",
    r"\son[a-z]+\s*=": "an event handler attribute: use a module under static/src",
    r"\shx-on\b": "an htmx handler attribute needs unsafe-eval",
    r"javascript:": "a javascript: address",
    r"<(?:script|img|iframe|source|video|audio)\b[^>]*\ssrc\s*=\s*[\"']?(?:https?:)?//": "a file of somebody else's server",
    r"<link\b(?=[^>]*\brel=[\"']?(?:stylesheet|preload|icon|modulepreload))[^>]*\bhref\s*=\s*[\"']?(?:https?:)?//": (
        "a file of somebody else's server"
    ),
    r"\|\s*safe\b": "unescaped output: return Markup from tested code",
    r"autoescape\s+false": "unescaped output: return Markup from tested code",
}
POST_FORM = re.compile(r"<form\b[^>]*\bmethod\s*=\s*[\"']?post\b[^>]*>.*?</form>", re.IGNORECASE | re.DOTALL)

EXEMPT_FORM = 'action="/theme/"'
"""The one form that needs none; `researchgraph.views.theme` says why."""


def offences(path: Path, text: str) -> list[str]:
    """Every broken rule of one template, as FILE:LINE: reason."""
    # Comments may speak of what is forbidden; blanking them keeps the line numbers.
    code = re.sub(r"\{#.*?#\}", lambda match: re.sub(r"[^\n]", " ", match.group()), text, flags=re.DOTALL)
    found = [
        (match.start(), reason)
        for pattern, reason in FORBIDDEN.items()
        for match in re.finditer(pattern, code, re.IGNORECASE)
    ]
    found += [
        (form.start(), "a form that posts without csrf_input")
        for form in POST_FORM.finditer(code)
        if "csrf_input" not in form.group() and EXEMPT_FORM not in form.group()
    ]
    return [f"{path}:{code.count(chr(10), 0, start) + 1}: {reason}" for start, reason in sorted(found)]


def main() -> int:
    django.setup()
    engine = engines["jinja2"]
    if not isinstance(engine, Jinja2):
        raise TypeError("The engine named jinja2 is another one.")
    environment = engine.env
    found = []
    paths = sorted(TEMPLATES.rglob("*.html"))
    for path in paths:
        text = path.read_text(encoding="utf-8")
        shown = path.relative_to(ROOT)
        found += offences(shown, text)
        try:
            environment.compile(text, name=str(path.relative_to(TEMPLATES)))
        except TemplateSyntaxError as error:
            found.append(f"{shown}:{error.lineno}: {error.message}")
    for line in found:
        print(line)
    print(f"{len(paths)} templates, {len(found)} offences.")
    return 1 if found or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
