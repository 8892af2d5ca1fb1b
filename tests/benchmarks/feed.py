"""What the feed costs: `uv run python tests/benchmarks/feed.py`.

The feed of an account with 1,000 follows and as many entries, against the feed of an account with one of each; and the page of
a researcher whom 100,000 follow, against that of one whom one account follows; and notifications of all those entries in 20 lines,
against one of one. Requested in turns, so that both meet the same noise; the figures are the 95th percentiles. Telling 100,000
followers of a work, and notifying them, is timed as well. Engines of its own.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.benchmarks.engines import engines  # noqa: E402 - the checkout is not installed as a package

WORKS, FOLLOWS, FOLLOWERS, ROUNDS = 3_000, 1_000, 100_000, 200


def main() -> None:
    with engines() as directory:
        from researchgraph import frontend

        frontend.build(ROOT / "static", say=lambda line: print(line, file=sys.stderr))
        print(json.dumps(measure(directory), indent=2))


def measure(directory: Path) -> dict[str, Any]:
    """All figures; times in milliseconds."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    from graph.follow_models import FeedEntry
    from profiles.models import Researcher
    from researchgraph.lib import bulk

    _bring(directory / "before.jsonl", WORKS, 1)
    users = get_user_model().objects
    many, single = (users.create_user(name) for name in ("many", "single"))
    most, *others = Researcher.objects.filter(merged_into=None).order_by("-works_count", "pk")
    _follow([many.pk], [one.pk for one in (most, *others[: FOLLOWS - 1])])
    _follow([single.pk], [others[-1].pk])
    crowd = bulk.fetch(
        """
        INSERT INTO auth_user (username, password, is_superuser, is_staff, is_active, first_name, last_name, email, date_joined)
        SELECT 'crowd ' || n, '!', false, false, true, '', '', '', now() FROM generate_series(2, %s) n RETURNING id
        """,
        [FOLLOWERS],
    )
    _follow([row[0] for row in crowd], [most.pk])
    _announce_everything(many.pk, others[-1].pk, single.pk)
    bulk.run("ANALYZE")
    fan_out, notifying = _told(directory, most)
    for one in (many, single):
        _notify(one.pk)
    bulk.run("ANALYZE")
    many_client, single_client = Client(), Client()
    many_client.force_login(many)
    single_client.force_login(single)
    visitor = Client()
    followed, plain = most.get_absolute_url(), others[FOLLOWS].get_absolute_url()
    entries = {
        name: FeedEntry.objects.filter(account=one).count() for name, one in (("many", many), ("single", single))
    }
    return {
        "works": WORKS, "follows": FOLLOWS, "followers_of_one": FOLLOWERS, "entries": entries, "rounds": ROUNDS,
        "feed": _compared(lambda: many_client.get("/me/feed/"), lambda: single_client.get("/me/feed/")),
        "feed_of_people_only": _compared(
            lambda: many_client.get("/me/feed/?kind=researcher"), lambda: single_client.get("/me/feed/")
        ),
        "notifications": _compared(
            lambda: many_client.get("/notifications/"), lambda: single_client.get("/notifications/")
        ),
        "profile_of_the_most_followed": _compared(lambda: visitor.get(followed), lambda: visitor.get(plain)),
        "tell_everybody_of_one_work_s": fan_out, "notify_everybody_of_it_s": notifying,
    }  # fmt: skip


def _bring(path: Path, works: int, seed: int) -> None:
    from tests.benchmarks import synthetic
    from works import imports

    synthetic.write(path, works, seed=seed)
    run = imports.start_run(source="jsonl", query=str(path))
    imports.advance(run)
    imports.settle()


def _follow(accounts: list[int], subjects: list[int]) -> None:
    from researchgraph.lib import bulk

    bulk.copy_rows(
        "graph_follow",
        ("account_id", "kind", "subject"),
        ((account, "researcher", subject) for account in accounts for subject in subjects),
    )


def _announce_everything(many: int, last: int, single: int) -> None:
    """As if the works of everybody whom the two follow had come in afterwards, one each and all of them."""
    from researchgraph.lib import bulk

    for account, subjects, most in ((many, "SELECT subject FROM graph_follow WHERE account_id = %s", 1_000),
                                    (single, "SELECT %s::bigint WHERE true", 1)):  # fmt: skip
        given = many if account == many else last
        found = bulk.fetch(
            f"SELECT DISTINCT a.work_id, a.researcher_id FROM works_authorship a WHERE a.researcher_id IN ({subjects})"  # noqa: S608 - our own words
            " AND a.kind NOT IN ('pending', 'undecided') ORDER BY 1, 2",
            [given],
        )
        works = sorted({work for work, _ in found})[:most]
        chosen = [(work, researcher) for work, researcher in found if work in set(works)]
        bulk.run(
            "INSERT INTO graph_news (kind, subject, work_id, delivered_at)"
            " SELECT 'researcher', * , now() FROM unnest(%s::bigint[], %s::bigint[]) ON CONFLICT DO NOTHING",
            [[researcher for _, researcher in chosen], [work for work, _ in chosen]],
        )
        bulk.copy_rows("graph_feedentry", ("account_id", "work_id"), ((account, work) for work in works))


def _notify(account: int) -> None:
    """The account's entries in lines of 50, and no other lines."""
    from researchgraph.lib import bulk

    bulk.run("DELETE FROM graph_notification WHERE account_id = %s", [account])
    bulk.run(
        """
        INSERT INTO graph_notification (account_id, first_entry, last_entry)
        SELECT account_id, min(id), max(id) FROM (
            SELECT account_id, id, (row_number() OVER (ORDER BY id) - 1) / 50 AS part FROM graph_feedentry WHERE account_id = %s) e
         GROUP BY account_id, part ORDER BY part
        """,
        [account],
    )


def _told(directory: Path, most: Any) -> tuple[float, float]:
    """Seconds from a new work of the most followed researcher to the last entry, and from there to the last notification."""
    from django.contrib.auth import get_user_model

    from graph.flows import notify
    from graph.flows.deliver import deliver
    from graph.flows.news import compose
    from profiles.flows.confirm import confirm
    from profiles.flows.reassign import reassign
    from tests.pipeline import work, write
    from works import imports
    from works.models import Authorship

    record = work("told/1", "A work that all are told of", most.display_name)
    imports.advance(imports.start_run(source="jsonl", query=str(write(directory / "one.jsonl", [record]))))
    imports.settle()
    byline = Authorship.objects.get(work__title=record["title"])
    curator = get_user_model().objects.create_user("curator")
    if byline.researcher_id is None:
        confirm(researcher=most.pk, bylines=[byline.pk], actor=curator, reason="")
    elif byline.researcher_id != most.pk:
        reassign(researcher=byline.researcher_id, to=most.pk, bylines=[byline.pk], actor=curator, reason="")
    imports.settle()
    began = time.perf_counter()
    while compose() or deliver():
        pass
    told = time.perf_counter()
    while notify.works():
        pass
    return round(told - began, 2), round(time.perf_counter() - told, 2)


def _compared(page: Callable[[], Any], single: Callable[[], Any]) -> dict[str, float]:
    """95th percentiles of both, taken in turns, and their ratio."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS + 10):
        for action, times in zip((page, single), seconds, strict=True):
            began = time.perf_counter()
            answer = action()
            took = time.perf_counter() - began
            if answer.status_code != 200:
                raise RuntimeError(f"answered {answer.status_code}")
            if number >= 10:
                times.append(took)
    p95, single_p95 = (sorted(times)[int(len(times) * 0.95)] for times in seconds)
    return {
        "p95_ms": round(p95 * 1000, 2), "single_p95_ms": round(single_p95 * 1000, 2),
        "ratio": round(p95 / single_p95, 2),
    }  # fmt: skip


if __name__ == "__main__":
    main()
