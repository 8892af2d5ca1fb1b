"""Seal what people have decided, and find out whether anything sealed was changed since.

The logs refuse changes (`researchgraph.lib.append_only`), which whoever owns the database can lift. A seal remembers every
event as it was; seals hang together in a chain, and the key is not in the database.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Final, NamedTuple

from django.conf import settings
from django.db import OperationalError, transaction
from django.utils.encoding import force_bytes

from profiles.audit_models import AuditSeal
from researchgraph.lib import bulk

EVENTS_A_SEAL: Final = 50_000
HASH_BYTES: Final = 32
PATIENCE: Final = "2s"
"""How long to wait for whoever is just writing; then the next beat tries again, so that nobody queues behind a seal."""


class Log(NamedTuple):
    """A table of events. `columns` are sealed in this order, whatever columns are added later; `which` says which rows."""

    columns: str
    which: str = "true"


LOGS: Final = {
    # The rule's own events follow from the records and are not decisions of anybody.
    "profiles_identityevent": Log(
        "id, kind, researcher_id, other_id, actor_id, reason, bylines, works, before, after, undoes_id, happened_at",
        "actor_id IS NOT NULL",
    ),
    "works_workevent": Log(
        "id, kind, work_id, other_id, actor_id, reason, review, records, before, after, bylines, byline, identifier,"
        " undoes_id, happened_at"
    ),
    "profiles_claimevent": Log("id, claim_id, actor_id, role, before, after, code, text, happened_at"),
}


class Finding(NamedTuple):
    """What is wrong with a log: the key of an event, or of a seal, and how."""

    log: str
    what: str


def seal() -> int:
    """Seal what was decided since the last seals; how many events that were."""
    return sum(_seal(log, LOGS[log]) for log in sorted(LOGS))


def verify() -> tuple[int, list[Finding]]:
    """How many sealed events were looked at, and everything about them that is not as it was."""
    looked, found = 0, []
    for log, rows in sorted(LOGS.items()):
        before, upto, known = b"", 0, set[int]()
        for one in AuditSeal.objects.filter(log=log).order_by("pk").iterator():
            if not any(hmac.compare_digest(bytes(one.seal), made) for made in _seals(one, before)):
                found.append(Finding(log, f"seal {one.pk} is not the one that was made"))
            now = _hashes(log, rows, one.events)
            then = bytes(one.hashes)
            for place, key in enumerate(one.events):
                was = then[place * HASH_BYTES : (place + 1) * HASH_BYTES]
                if now.get(key) != was:
                    found.append(Finding(log, f"event {key} {'was changed' if key in now else 'is gone'}"))
            looked += len(one.events)
            known.update(one.events)
            before, upto = bytes(one.seal), one.upto
        slipped_in = bulk.fetch(f"SELECT id FROM {log} WHERE id <= %s AND {rows.which} ORDER BY id", [upto])  # noqa: S608 - our own words
        found += [Finding(log, f"event {key} came after its time") for (key,) in slipped_in if key not in known]
    return looked, found


def _seal(log: str, rows: Log) -> int:
    """Seal one log. Under the lock nobody is writing, so no smaller key can appear later."""
    with transaction.atomic():
        try:
            bulk.run(f"SET LOCAL lock_timeout = '{PATIENCE}'")
            bulk.run(f"LOCK TABLE {log} IN SHARE MODE")
        except OperationalError:
            transaction.set_rollback(True)
            return 0
        last = AuditSeal.objects.filter(log=log).order_by("-pk").first()
        keys = [
            row[0]
            for row in bulk.fetch(
                f"SELECT id FROM {log} WHERE id > %s AND {rows.which} ORDER BY id LIMIT %s",  # noqa: S608 - our own words
                [last.upto if last else 0, EVENTS_A_SEAL],
            )
        ]
        if not keys:
            return 0
        hashes = _hashes(log, rows, keys)
        one = AuditSeal(log=log, upto=keys[-1], events=keys, hashes=b"".join(hashes[key] for key in keys))
        one.seal = _seals(one, bytes(last.seal) if last else b"")[0]
        one.save(force_insert=True)
    return len(keys)


def _hashes(log: str, rows: Log, keys: Sequence[int]) -> dict[int, bytes]:
    """SHA-256 of these events as they are now, by key."""
    query = (
        f"SELECT id, sha256(convert_to(json_build_array({rows.columns})::text, 'UTF8')) FROM {log} WHERE id = ANY(%s)"  # noqa: S608 - our own words
    )
    return {key: bytes(value) for key, value in bulk.fetch(query, [list(keys)])}


def _seals(one: AuditSeal, before: bytes) -> list[bytes]:
    """The seal by today's key, and by those it replaced."""
    said = f"{one.log} {one.upto} {','.join(map(str, one.events))}".encode() + bytes(one.hashes) + before
    return [
        hmac.digest(b"audit seal " + force_bytes(key), said, "sha256")
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]
