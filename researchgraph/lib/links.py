"""Links that came from outside: which are safe to show, and which of those in a text leads to code. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

URL_LIMIT = 2_000

_HOST = re.compile(r"[A-Za-z0-9_\u00a1-\U0010ffff](?:[A-Za-z0-9_.\u00a1-\U0010ffff-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\]")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ud800-\udfff<>\"\\^`{|}]")
_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}"
_CODE = re.compile(
    r"(?<![\w.-])(?P<host>github\.com|gitlab\.com|bitbucket\.org|codeberg\.org|huggingface\.co)/"
    rf"(?P<kind>(?:datasets|spaces)/)?(?P<owner>{_NAME})/(?P<repository>{_NAME})",
    re.IGNORECASE,
)
_HOSTS = ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "huggingface.co")
# Pages of a forge that stand where an owner would.
_NOT_OWNERS = {
    "about",
    "apps",
    "blog",
    "collections",
    "docs",
    "explore",
    "features",
    "login",
    "marketplace",
    "orgs",
    "papers",
    "search",
    "settings",
    "site",
    "sponsors",
    "topics",
    "users",
}


def safe_url(url: str) -> str:
    """The address if a page may link to it, else "".

    Only http and https with a host, no user name or password, no control, space or quote character, at most
    2,000 characters.
    """
    url = url.strip()
    if not url or len(url) > URL_LIMIT or _FORBIDDEN.search(url):
        return ""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() not in {"http", "https"}:
        return ""
    try:
        parsed = urlsplit(url)
        port = parsed.port
    except ValueError:
        return ""
    host = parsed.netloc.rpartition("@")[2] if port is None else parsed.netloc.rpartition("@")[2].rpartition(":")[0]
    if "@" in parsed.netloc or port == 0 or not _HOST.fullmatch(host.removesuffix(":")):
        return ""
    return f"{scheme.lower()}://{rest}"


def code_link(text: str) -> str:
    """The first link to a code repository in a text, as an https address without a trailing dot; "" if none."""
    lowered = text.lower()
    if not any(host in lowered for host in _HOSTS):
        return ""
    for match in _CODE.finditer(text.replace("\\_", "_").replace("www.", "")):
        # A full stop ends the sentence, and ".git" is Git's own suffix; neither belongs to the name.
        repository = match["repository"].rstrip("._-").removesuffix(".git")
        if repository and match["owner"].lower() not in _NOT_OWNERS:
            return f"https://{match['host'].lower()}/{match['kind'] or ''}{match['owner']}/{repository}"
    return ""
