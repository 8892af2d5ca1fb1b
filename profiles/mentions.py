"""A mention: one byline with what its sources state about it. The input of everything that decides who is who."""

from __future__ import annotations

import msgspec


class Mention(msgspec.Struct, frozen=True):
    """One author slot of one work.

    `sort_key` is a natural key that does not depend on arrival. `identifiers` maps scheme to value. `coauthors` are
    the `name_key`s of the other authors (about 50 at most). `affiliation` is the printed string, `institutions` the
    keys of the organisations read from it, `work_institutions` those of all the work's authors, `domain` a mail or
    web domain. `venue` is a series without its year. Whatever is not known is empty. By researcher: `holder` has the
    byline now, `claimed` says that this record is; a person placed it with `fixed`, and rejected its work from those
    in `barred` (`profiles.bounds`).
    """

    id: int
    sort_key: str
    work: int
    name: str
    name_key: str
    identifiers: dict[str, str] = {}
    coauthors: tuple[str, ...] = ()
    affiliation: str = ""
    institutions: tuple[str, ...] = ()
    work_institutions: tuple[str, ...] = ()
    domain: str = ""
    title: str = ""
    keywords: tuple[str, ...] = ()
    venue: str = ""
    year: int | None = None
    holder: int | None = None
    claimed: bool = False
    fixed: int | None = None
    barred: tuple[int, ...] = ()
