"""Do pages that authors have named link back to their records (`rel="me"`)? Then both are of one person.

Fetched like any address that somebody typed (`profiles.page_proof`), again every month. No transaction is open meanwhile.
"""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from graph.audience import SAME_RECORD
from profiles.own_models import LinkBack
from profiles.page_proof import opened
from researchgraph.lib import bulk

if TYPE_CHECKING:
    from researchgraph.lib.http import Http

AGAIN_AFTER: Final = timedelta(days=30)
AT_ONCE: Final = 20
"""Pages in one task; the next ones are for the next."""
_TAG: Final = re.compile(r"<(?:a|link)\s([^<>]{1,3000})>", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"""\b(rel|href)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+))""", re.IGNORECASE)


def check_due(*, http: Http | None = None) -> int:
    """Look at the pages that are due, those never looked at first; how many."""
    due = Q(checked_at=None) | Q(checked_at__lt=timezone.now() - AGAIN_AFTER)
    rows = list(LinkBack.objects.filter(due).order_by(F("checked_at").asc(nulls_first=True), "pk")[:AT_ONCE])
    addresses = _addresses([row.researcher_id for row in rows])
    for row in rows:
        text = opened(row.url, http=http)
        found = text is not None and links_to(text, addresses.get(row.researcher_id, []))
        # An author may have taken the link away meanwhile: then there is no row to keep this in.
        LinkBack.objects.filter(pk=row.pk, url=row.url).update(found=found, checked_at=timezone.now())
    return len(rows)


def links_to(text: str, addresses: list[str]) -> bool:
    """Whether a page has a link marked `rel="me"` to one of these addresses, whatever comes after them."""
    for tag in _TAG.finditer(text):
        attributes = {name.lower(): one or two or three for name, one, two, three in _ATTRIBUTE.findall(tag[1])}
        target = html.unescape(attributes.get("href", "")).strip()
        if "me" in attributes.get("rel", "").lower().split() and any(target.startswith(one) for one in addresses):
            return True
    return False


def _addresses(researchers: list[int]) -> dict[int, list[str]]:
    """Where each record is found, and has been under the addresses of those merged into it."""
    rows = bulk.fetch(
        f"""
        SELECT r.id, ARRAY(SELECT g.public_id FROM profiles_researcher g WHERE g.id = ANY({SAME_RECORD.format(key="r.id")}))
          FROM profiles_researcher r WHERE r.id = ANY(%s)
        """,  # noqa: S608 - constants
        [researchers],
    )
    return {key: [f"{settings.SITE_URL}/researchers/{one}/" for one in public_ids] for key, public_ids in rows}
