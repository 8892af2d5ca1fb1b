"""The secret address of an account's own feed: who has it may read the feed, so it can be renewed and taken back."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from django.db import transaction

from graph.follow_models import FeedAddress

SECRET_BYTES: Final = 32


def digest(secret: str) -> bytes:
    """What is stored of a secret. It is 256 random bits, so a plain hash cannot be guessed back."""
    return hashlib.sha256(secret.encode()).digest()


@transaction.atomic
def renew(*, account: int) -> str:
    """Give the account a new secret, which is returned and not stored; the one before is worth nothing from now on."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    FeedAddress.objects.filter(account_id=account).delete()
    FeedAddress.objects.create(account_id=account, secret_sha256=digest(secret))
    return secret


@transaction.atomic
def revoke(*, account: int) -> bool:
    """Take the address back; whether there was one."""
    deleted, _ = FeedAddress.objects.filter(account_id=account).delete()
    return bool(deleted)
