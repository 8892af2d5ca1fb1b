"""How often somebody may do something: counted in the cache, and in this process while the cache does not answer."""

from __future__ import annotations

from typing import Final

from django.core.cache import cache
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.utils.crypto import salted_hmac
from redis.exceptions import RedisError

_NEAREST: Final = LocMemCache("limits", {})


def allowed(what: str, who: str, *, most: int, seconds: int) -> bool:
    """Count one more of `what` by `who`; whether that makes at most `most` since the first one, `seconds` ago or less.

    The key is a keyed hash: neither addresses nor people can be read from the cache.
    """
    key = f"limit:{what}:{salted_hmac('limits', who, algorithm='sha256').hexdigest()[:32]}"
    try:
        return _count(cache, key, seconds) <= most
    except (RedisError, OSError):
        return _count(_NEAREST, key, seconds) <= most


def _count(kept: BaseCache, key: str, seconds: int) -> int:
    if kept.add(key, 1, timeout=seconds):
        return 1
    try:
        return kept.incr(key)
    except ValueError:
        # It ran out between the two.
        kept.set(key, 1, timeout=seconds)
        return 1
