import json

from click.testing import CliRunner

from resp.cli import cli


def run(*arguments):
    result = CliRunner().invoke(cli, ["datasets", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_every_data_set_has_a_line():
    lines = run().splitlines()
    assert [line.split()[0] for line in lines] == [
        *("icbhi", "kauh", "manifest", "esc10", "esc50", "urbansound8k", "speechcommands", "audioset", "unlabelled")
    ]
    assert "[Warden, arXiv 1804.03209]" in lines[6]


def test_json_says_what_can_be_asked_of_each():
    listed = {entry["name"]: entry for entry in json.loads(run("--json"))}
    assert listed["urbansound8k"]["published_splits"] == ["published_folds"]
    assert listed["urbansound8k"]["published_folds"] == 10
    assert listed["urbansound8k"]["labels"] is False
    assert listed["audioset"]["task"] == "multi_label"
    assert (listed["manifest"]["labels"], listed["manifest"]["classes"]) == (True, True)
    assert "defaults" not in listed["esc10"]
