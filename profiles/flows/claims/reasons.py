"""The library of reasons: as it comes, and as curators have changed it."""

from __future__ import annotations

from django.db import transaction

from profiles.claim_models import ClaimReason
from profiles.claims import REASONS, Reason


def library(*, retired: bool = False) -> list[tuple[Reason, bool]]:
    """All reasons by their word, and whether each is out of use; those only if `retired`."""
    known = {reason.code: (reason, False) for reason in REASONS}
    known |= {row.code: (Reason(row.code, row.text), row.retired) for row in ClaimReason.objects.all()}
    return [known[code] for code in sorted(known) if retired or not known[code][1]]


@transaction.atomic
def change(*, code: str, text: str, retired: bool) -> None:
    """Change a reason, or add one. Claims that were decided with it keep the text they got."""
    ClaimReason.objects.update_or_create(code=code, defaults={"text": text, "retired": retired})
