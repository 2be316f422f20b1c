"""Queries beside hand-written SQL.

The floor asks PostgreSQL for the finished JSON text of the same answer, by the faster of two forms of SQL, over the
binding that does the least: `PQexecParams` and the bytes of the one value it gives.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from .floor import Prepared
from .measure import Clock, Taken, Work
from .stand import PROGRAM, PROJECT, Stand

NESTED = """{ subject(first: 1000) { submitter_id cohort enrolment_year
    samples%s { submitter_id sample_type volume_ml
        aliquots%s { submitter_id analyte_type amount_ug } } } }"""

# A statement that joins, and groups from below.
NESTED_JOINED = """
with s as materialized (select node_id, _props from node_subject limit 1000),
m as materialized (
    select e.dst_id as subject, n.node_id, n._props from s
    join edge_samplederivedfromsubject e on e.dst_id = s.node_id join node_sample n on n.node_id = e.src_id),
a as (
    select e.dst_id as sample, json_agg(json_build_object('submitter_id', n._props -> 'submitter_id',
        'analyte_type', n._props -> 'analyte_type', 'amount_ug', n._props -> 'amount_ug')) as list
    from m join edge_aliquotderivedfromsample e on e.dst_id = m.node_id join node_aliquot n on n.node_id = e.src_id
    group by e.dst_id),
ma as (
    select m.subject, json_agg(json_build_object('submitter_id', m._props -> 'submitter_id',
        'sample_type', m._props -> 'sample_type', 'volume_ml', m._props -> 'volume_ml',
        'aliquots', coalesce(a.list, '[]'))) as list
    from m left join a on a.sample = m.node_id group by m.subject)
select json_build_object('data', json_build_object('subject', coalesce(json_agg(json_build_object(
    'submitter_id', s._props -> 'submitter_id', 'cohort', s._props -> 'cohort',
    'enrolment_year', s._props -> 'enrolment_year', 'samples', coalesce(ma.list, '[]'))), '[]')))::text
from s left join ma on ma.subject = s.node_id"""

# A statement that asks for each parent.
NESTED_LATERAL = """
select json_build_object('data', json_build_object('subject', coalesce(json_agg(json_build_object(
    'submitter_id', s._props -> 'submitter_id', 'cohort', s._props -> 'cohort',
    'enrolment_year', s._props -> 'enrolment_year', 'samples', m.list)), '[]')))::text
from (select node_id, _props from node_subject limit 1000) s
cross join lateral (
    select coalesce(json_agg(json_build_object('submitter_id', n._props -> 'submitter_id',
        'sample_type', n._props -> 'sample_type', 'volume_ml', n._props -> 'volume_ml', 'aliquots', a.list)),
        '[]') as list
    from (select n.node_id, n._props from edge_samplederivedfromsubject e join node_sample n on n.node_id = e.src_id
          where e.dst_id = s.node_id %(limit)s) n
    cross join lateral (
        select coalesce(json_agg(json_build_object('submitter_id', q._props -> 'submitter_id',
            'analyte_type', q._props -> 'analyte_type', 'amount_ug', q._props -> 'amount_ug')), '[]') as list
        from (select q._props from edge_aliquotderivedfromsample e join node_aliquot q on q.node_id = e.src_id
              where e.dst_id = n.node_id %(limit)s) q) a) m"""


# 20 counts, as a portal's front page asks for them.
COUNTS = [
    *((kind, None) for kind in ("subject", "sample", "aliquot", "study", "diagnosis", "demographics",
                                "imaging_study", "sequencing_file", "analysis_file", "imaging_file")),
    *((kind, ("project_id", f"{PROGRAM}-{PROJECT}")) for kind in ("subject", "sample", "aliquot", "diagnosis")),
    ("sample", ("sample_type", "Blood")), ("sample", ("tissue_type", "Normal")), ("sample", ("anatomic_site", "Lung")),
    ("aliquot", ("analyte_type", "DNA")), ("aliquot", ("analyte_type", "RNA")), ("subject", ("cohort", "A")),
]


def sides(stand: Stand, times: int, query: str, forms: list[str]) -> list[Callable[[int], Taken]]:
    """Our query and the fastest of `forms`, `times` times a repetition, after a look whether they say the same."""
    wanted = normal(json.loads(stand.client.query(query)))
    by_hand = Prepared(stand.database)
    for form in forms:
        assert normal(json.loads(by_hand.run(form))) == wanted, "the SQL does not say what the query says"
    clock = Clock(stand.commons.process.pid)

    def repeated(work: Callable[[], object], *, own: bool) -> Taken:
        return clock.time(lambda: [work() for _ in range(times)], own=own)

    def sql(form: str) -> Taken:
        return repeated(lambda: by_hand.run(form), own=True)

    fastest = min(forms, key=lambda form: min(sql(form).seconds for _ in range(4)))
    stand.settle()
    return [lambda _: repeated(lambda: stand.client.query(query), own=False), lambda _: sql(fastest)]


def normal(value: object) -> object:
    """Lists of objects without an order."""
    if isinstance(value, dict):
        return {key: normal(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted((normal(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return float(value) if isinstance(value, int) else value


def nested(stand: Stand, pages: bool) -> Work:
    """1,000 subjects with samples with aliquots; with pages of ten (the default), or with all."""
    query = NESTED % (("", "") if pages else ("(first: 0)", "(first: 0)"))
    lateral = NESTED_LATERAL % {"limit": "limit 10" if pages else ""}
    forms = [lateral] if pages else [lateral, NESTED_JOINED]
    name, what = ("nested", "lists of ten") if pages else ("nested-all", "lists without end")
    return Work(name, f"1,000 parents, three levels, {what}", "ms", 10, *sides(stand, 10, query, forms), "≤ 1.30",
                lambda _, ratio: ratio <= 1.3, "1.1 s for 100")


def counts(stand: Stand) -> Work:
    """20 counts in one request."""
    fields, columns = [], []
    for number, (kind, condition) in enumerate(COUNTS):
        argument = f'({condition[0]}: "{condition[1]}")' if condition else ""
        where = f" where _props ->> '{condition[0]}' = '{condition[1]}'" if condition else ""
        fields.append(f"c{number}: _{kind}_count{argument}")
        columns.append(f"'c{number}', (select count(*) from node_{kind.replace('_', '')}{where})")
    sql = f"select json_build_object('data', json_build_object({', '.join(columns)}))::text"
    contained = sql
    for kind, condition in COUNTS:
        if condition:
            contained = contained.replace(f"_props ->> '{condition[0]}' = '{condition[1]}'",
                                          f"_props @> '{json.dumps(dict([condition]))}'")
    both = sides(stand, 5, "{ " + " ".join(fields) + " }", [sql, contained])
    return Work("counts", "20 counts in one request", "ms", 5, *both, "≤ 1.30", lambda _, ratio: ratio <= 1.3,
                "47 ms a count")


ALL = ["submitter_id", "project_id", "type", "analyte_type", "amount_ug", "concentration_ng_ul", "extraction_method",
       "source_center", "created_datetime", "state"]


def everything(stand: Stand) -> Work:
    """40,000 nodes in one answer, as time; memory is a line of its own."""
    stored = [name for name in ALL if name != "type"]
    pairs_of = ", ".join(["'id', node_id", "'type', 'aliquot'", *(f"'{name}', _props -> '{name}'" for name in stored)])
    record = ", ".join(f'"{name}" jsonb' for name in stored)
    unpacked = ", ".join(["'id', node_id", "'type', 'aliquot'", *(f"'{name}', r.\"{name}\"" for name in stored)])
    forms = [
        f"select json_build_object('data', json_build_object('aliquot', json_agg(json_build_object({values}))))::text "
        f"from node_aliquot{more}"
        for values, more in ((pairs_of, ""), (unpacked, f" cross join lateral jsonb_to_record(_props) as r({record})"))]
    return Work("everything", "first: 0 over 40,000 nodes, eleven fields", "ms", 1,
                *sides(stand, 1, everything_query(), forms), original="0.20 s for 1,630")


def everything_query() -> str:
    return f"{{ aliquot(first: 0) {{ id {' '.join(ALL)} }} }}"
