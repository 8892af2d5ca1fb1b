"""What the domain of an e-mail address says about it. Pure.

The lists are short on purpose: they only color what a curator sees, and decide nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit


class DomainClass(StrEnum):
    """The kinds of domains, as a curator reads them."""

    INSTITUTIONAL = "institution on a byline"
    FREE = "free mail"
    DISPOSABLE = "disposable"
    ORDINARY = "ordinary, not on a byline"


FREE: Final = frozenset(
    """
    126.com 163.com aol.com fastmail.com free.fr gmail.com gmx.com gmx.de gmx.net googlemail.com hey.com hotmail.com
    icloud.com laposte.net libero.it live.com mac.com mail.com mail.ru me.com msn.com naver.com orange.fr outlook.com
    pm.me proton.me protonmail.com qq.com rediffmail.com seznam.cz t-online.de tutanota.com uol.com.br web.de yahoo.co.jp
    yahoo.co.uk yahoo.com yandex.com yandex.ru zoho.com
    """.split()
)
DISPOSABLE: Final = frozenset(
    """
    10minutemail.com discard.email dispostable.com emailondeck.com fakeinbox.com getnada.com grr.la guerrillamail.com
    guerrillamail.info mail-temp.com mailcatch.com maildrop.cc mailinator.com mailnesia.com mintemail.com moakt.com
    mohmal.com mytemp.email sharklasers.com spamgourmet.com temp-mail.org tempmail.com tempr.email throwawaymail.com
    trashmail.com yopmail.com
    """.split()
)


def domain(address: str) -> str:
    """The domain of an e-mail address, in lower case."""
    return address.rpartition("@")[2].strip().rstrip(".").casefold()


def of_homepage(homepage: str) -> str:
    """The domain that an organization's homepage stands for: the host, without a leading "www."; "" for none."""
    host = (urlsplit(homepage).hostname or "").casefold().rstrip(".")
    return host.removeprefix("www.") if "." in host.removeprefix("www.") else ""


def within(one: str, of: str) -> bool:
    """Whether a domain is this one, or lies below it."""
    return bool(of) and (one == of or one.endswith(f".{of}"))


def institutional(one: str, domains: Iterable[str]) -> str:
    """The domain of these that `one` is or lies below; "" for none. Free and disposable mail is no institution's."""
    if listed(one, FREE) or listed(one, DISPOSABLE):
        return ""
    return next((of for of in sorted(domains) if within(one, of)), "")


def listed(one: str, of: Iterable[str]) -> bool:
    """Whether a domain, or one above it, is on a list."""
    return any(within(one, known) for known in of)


def classify(address: str, *, institutions: Iterable[str]) -> DomainClass:
    """What kind of domain an address has; `institutions` are the domains of those on the bylines."""
    one = domain(address)
    if listed(one, DISPOSABLE):
        return DomainClass.DISPOSABLE
    if listed(one, FREE):
        return DomainClass.FREE
    return DomainClass.INSTITUTIONAL if institutional(one, institutions) else DomainClass.ORDINARY
