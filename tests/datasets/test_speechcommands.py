"""Speech Commands: the two lists are the official split, the rest is learned from."""

import pytest

from made_datasets import write_speechcommands
from resp.datasets import DataError, DataSettings, open_dataset, split_dataset
from resp.datasets.speechcommands import PART_UTTERANCES, WORD_UTTERANCES, WORDS, read_speechcommands

TRAIN = ("bed/0a0a_nohash_0", "bed/0a0a_nohash_1", "zero/0b0b_nohash_0", "zero/0c0c_nohash_0")
VALIDATION = ("bed/0d0d_nohash_0", "zero/0d0d_nohash_0")
TEST = ("bed/0e0e_nohash_0", "zero/0f0f_nohash_3")


@pytest.fixture
def make_speech(tmp_path):
    """Write utterances but those in ``silent``, and the lists."""

    def make(*, validation=VALIDATION, test=TEST, silent=(), more=()):
        names = [name for name in (*TRAIN, *VALIDATION, *TEST, *more) if name not in silent]
        return write_speechcommands(tmp_path / "speech_commands_v0.02", names, validation=validation, test=test)

    return make


def settings(root=".", **values):
    return DataSettings(dataset="speechcommands", root=root, split="official", **values)


def names(dataset, part):
    return tuple(dataset.items[index].recording for index in part)


def test_published_totals_agree():
    assert sum(WORD_UTTERANCES.values()) == sum(PART_UTTERANCES.values()) == 105_829
    assert len(WORDS) == 35
    assert list(WORDS) == sorted(WORDS)


def test_the_lists_are_the_official_split(make_speech):
    dataset = open_dataset(settings(make_speech()))
    assert dataset.classes == WORDS
    assert dataset.items[0].patient == "0a0a"
    assert dataset.classes[dataset.items[0].label] == "bed"
    split = split_dataset(dataset, settings())
    parts = [names(dataset, part) for part in (split.train, split.validation, split.test)]
    assert parts == [TRAIN, VALIDATION, TEST]
    assert not split.unassigned
    assert {dataset.census[part] for part in ("validation", "test")} == {2}
    assert dataset.census["train"] == 4
    assert not dataset.census.notes


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_the_published_validation_part_is_taken_whatever_the_share(make_speech, share):
    dataset = open_dataset(settings(make_speech()))
    split = split_dataset(dataset, settings(validation_share=share))
    assert names(dataset, split.validation) == VALIDATION
    assert names(dataset, split.train) == TRAIN


def test_without_validation_its_items_are_left_out_and_not_learned_from(make_speech):
    dataset = open_dataset(settings(make_speech()))
    split = split_dataset(dataset, settings(validation_share=0))
    assert split.validation == ()
    assert names(dataset, split.train) == TRAIN
    assert names(dataset, split.unassigned) == VALIDATION
    assert "in no part of the published split: 2 items" in split.text(dataset)


def test_a_speaker_in_two_parts_is_reported_and_refused(make_speech):
    dataset = open_dataset(settings(make_speech(more=["zero/0d0d_nohash_1"])))
    assert "sources that the published split divides: 1 (0d0d in train and validation)" in dataset.census.text()
    with pytest.raises(DataError, match="patients are in both train and validation: 0d0d"):
        split_dataset(dataset, settings())


def test_noise_copies_and_missing_sounds(make_speech):
    root = make_speech(silent=[VALIDATION[0]], more=["_background_noise_/white_noise", "copy/bed/0a0a_nohash_0"])
    dataset = read_speechcommands(root)
    assert len(dataset) == 7
    text = dataset.census.text()
    assert "left out, no word: 1 files of _background_noise_" in text
    assert "sound missing: 1 of validation_list.txt (bed/0d0d_nohash_0)" in text


def test_the_folder_of_the_archive_may_lie_below_the_root(make_speech, tmp_path):
    make_speech()
    assert len(read_speechcommands(tmp_path)) == 8


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        ({"test": (*TEST, "hello/0a0a_nohash_0")}, r"testing_list\.txt, line 3: 'hello/0a0a_nohash_0.wav'; expected"),
        ({"test": (*TEST, VALIDATION[0])}, "line 3: 'bed/0d0d_nohash_0.wav' is listed already .for validation"),
        ({"test": (*TEST, TEST[1])}, "line 3: .* is listed already .for test"),
        ({"more": ["hello/0a0a_nohash_0"]}, "hello: no word of Speech Commands; expected backward, bed"),
        ({"more": ["bed/anna"]}, r"anna\.wav: not the name of an utterance"),
        ({"silent": (*TRAIN, *VALIDATION, *TEST)}, "no utterance found"),
    ],
)
def test_wrong_lists_and_names_are_refused(make_speech, lists, message):
    with pytest.raises(DataError, match=message):
        read_speechcommands(make_speech(**lists))


def test_missing_list_is_refused(make_speech):
    root = make_speech()
    (root / "validation_list.txt").unlink()
    with pytest.raises(DataError, match=r"validation_list\.txt: cannot be read"):
        read_speechcommands(root)
