import json

from resp.cli.listing import print_records
from resp.registry import Record

RECORDS = (
    Record("a", "m:a", "the first", "someone"),
    Record("longer", "m:b", "the second", "resp", {"size": 1}),
)


def test_lines_are_aligned(capsys):
    print_records(RECORDS, as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "a       the first  [someone]",
        "longer  the second  [resp]",
    ]


def test_json(capsys):
    print_records(RECORDS, as_json=True)
    listed = json.loads(capsys.readouterr().out)
    assert [record["name"] for record in listed] == ["a", "longer"]
    assert listed[1]["defaults"] == {"size": 1}
