"""Topics and institutions for generated works, as unequal as they are in libraries: the largest topic is on a third of all works."""

from __future__ import annotations

from typing import Final

TOPICS: Final = 400
TOPICS_A_WORK: Final = 3
PEOPLE_AN_INSTITUTION: Final = 150
LARGEST_HOUSE: Final = 4
"""The first of every so many people are at the first institution."""

# In the order in which imports write them: what belongs to a work, or to a researcher, stands together.
_STATEMENTS: Final = (
    # The n-th topic is on about 1/n as many works as the first.
    """INSERT INTO works_topic (id, public_id, kind, key, label, code, slug)
       SELECT n, lpad(n::text, 10, '0'), 'keyword', 'topic ' || n, 'Topic ' || n, '', '' FROM generate_series(1, {topics}) n""",
    """INSERT INTO works_worktopic (work_id, year, topic_id)
       SELECT DISTINCT w.id, w.year,
              least({topics}, floor(power({topics} + 1, (hashtextextended(w.id::text, s) & 1048575) / 1048576.0)))::bigint
         FROM works_work w, generate_series(1, {each}) s ORDER BY 1, 3""",
    """INSERT INTO profiles_institution (id, public_id, name, key, slug)
       SELECT n, lpad(n::text, 10, '0'), 'Institution ' || n, 'institution ' || n, ''
         FROM generate_series(1, 1 + {people} / {house}) n""",
    """UPDATE works_authorship SET institutions = ARRAY[CASE WHEN researcher_id %% {largest} = 0 THEN 1
                                                             ELSE 1 + researcher_id / {house} END]""",
    """INSERT INTO works_workinstitution (work_id, institution_id, year)
       SELECT DISTINCT a.work_id, unnest(a.institutions), w.year
         FROM works_authorship a JOIN works_work w ON w.id = a.work_id ORDER BY 1, 2""",
    """INSERT INTO graph_researchertopic (researcher_id, topic_id, works, first_year, last_year)
       SELECT a.researcher_id, t.topic_id, count(*), min(w.year), max(w.year)
         FROM works_authorship a JOIN works_worktopic t ON t.work_id = a.work_id JOIN works_work w ON w.id = a.work_id
        GROUP BY 1, 2 ORDER BY 1, 2""",
    """INSERT INTO profiles_affiliation (researcher_id, institution_id, works, first_year, last_year)
       SELECT a.researcher_id, a.institutions[1], count(*), min(w.year), max(w.year)
         FROM works_authorship a JOIN works_work w ON w.id = a.work_id
        GROUP BY 1, 2 ORDER BY 1, 2""",
)


def surround(people: int) -> None:
    """Give the works topics, and the bylines institutions: a quarter of the people is at the first."""
    from researchgraph.lib import bulk

    for statement in _STATEMENTS:
        bulk.run(statement.format(
            topics=TOPICS, each=TOPICS_A_WORK, people=people, house=PEOPLE_AN_INSTITUTION, largest=LARGEST_HOUSE
        ))  # fmt: skip
    # The rows of bylines were all written twice.
    bulk.run("VACUUM FULL works_authorship")
    bulk.run("VACUUM ANALYZE")
