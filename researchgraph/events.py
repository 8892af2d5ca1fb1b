"""The only upward channel: facts changed, whoever derives things from them may listen.

All are sent inside the writing transaction, so that a listener's "stale" rows commit or
roll back together with the facts. Listeners must be quick, must only mark rows unless it says otherwise below, and must wake
workers with `transaction.on_commit`.

`works_changed(work_ids: Sequence[int], lost: Sequence[int])`: works whose facts changed (fields, versions, identifiers,
sources), and the researchers who lost bylines.
`works_added(work_ids: Sequence[int])`: works that are there for the first time, with topics and institutions.
`works_removed(work_ids: Sequence[int])`: works that are gone, because nothing asserts them any more. Sent last,
when all else has been told of them; its listener forgets what was told of them.
`researchers_changed(researcher_ids: Sequence[int], cause: str)`: researchers whose bylines changed, or what
their receipts take from other records.
`names_changed(researcher_ids: Sequence[int], cause: str)`: researchers whom no page may name as before. The
listener does not only mark: everything derived that names them is made anew before the transaction ends.
`bylines_changed(block_keys: Sequence[str])`: name blocks with new or changed bylines to decide on.
`records_rearranged(event_ids: Sequence[int])`: identity events by which records were merged or split, or by which a decision
was undone, whatever it was.
`claims_told(notice_ids: Sequence[int])`: notices about claims. The listener writes the notification of each, which is one row.
"""

from __future__ import annotations

from django.dispatch import Signal

works_added = Signal()
works_changed = Signal()
works_removed = Signal()
researchers_changed = Signal()
names_changed = Signal()
bylines_changed = Signal()
records_rearranged = Signal()
claims_told = Signal()
