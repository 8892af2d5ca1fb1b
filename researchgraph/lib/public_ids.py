"""Opaque public ids and the addresses made of them: ten characters of Crockford base32, derived from what first named the thing.

Derived, not random, so that importing the same records on another machine gives the same addresses;
hashed, so that the address says nothing about the order or number of rows.
"""

from __future__ import annotations

import hashlib

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 10


def public_id(namespace: str, natural_key: str, attempt: int = 0) -> str:
    """Fifty bits of SHA-256 as ten characters; pass attempt > 0 after a collision."""
    digest = hashlib.sha256(f"{namespace}\x1f{natural_key}\x1f{attempt or ''}".encode()).digest()
    number = int.from_bytes(digest[:8], "big") >> 14
    letters = []
    for _ in range(LENGTH):
        letters.append(ALPHABET[number & 31])
        number >>= 5
    return "".join(letters)


def address(section: str, public_id: str, slug: str) -> str:
    """The canonical address of a record's page; `section` is researchers, works, topics or institutions."""
    return f"/{section}/{public_id}/{slug}/" if slug else f"/{section}/{public_id}/"
