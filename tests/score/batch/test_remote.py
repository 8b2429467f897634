"""Recordings in an object store: moto's S3 server on this machine, asked over HTTP."""

from functools import partial

import numpy as np
import pytest

import batch_judge
from batch_judge import LevelJudge
from resp.audio import Recording, to_wav_bytes, write_wav
from resp.score import ScoreError, prepare_file
from resp.score.batch import Input, Shard, list_inputs, remote
from resp.score.batch.preparing import prepare_input
from resp.score.batch.run import score_in_order
from resp.score.long.limits import Limits
from resp.score.long.sound import LongSound, Opening, PreparedStretch

pytest.importorskip("s3fs", reason="object stores need s3fs: pip install 'resp[cloud]'")
pytest.importorskip("moto.server", reason="the S3 server of the tests is moto's")

RATE_HZ = batch_judge.RATE_HZ


def sound(seconds, seed=0):
    return Recording(np.random.default_rng(seed).normal(scale=0.1, size=int(RATE_HZ * seconds)), RATE_HZ)


@pytest.fixture(scope="module")
def server():
    from moto.server import ThreadedMotoServer

    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture(scope="module")
def bucket(server):
    """The address of a bucket of recordings; the environment says where it is and who asks."""
    import boto3
    import s3fs

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", server)
        patch.setenv("AWS_ACCESS_KEY_ID", "a")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        s3fs.S3FileSystem.clear_instance_cache()
        store = boto3.client("s3", endpoint_url=server)
        store.create_bucket(Bucket="lungs")
        put = partial(store.put_object, Bucket="lungs")
        put(Key="in/b/2.WAV", Body=to_wav_bytes(sound(2, seed=2)))
        put(Key="in/101_1b1_Al_sc_Meditron.wav", Body=to_wav_bytes(sound(3)))
        put(Key="in/b/broken.flac", Body=b"a letter")
        put(Key="in/notes.txt", Body=b"a letter")
        put(Key="in/.hidden/x.wav", Body=b"no")
        put(Key="in/b/.x.wav", Body=b"no")
        put(Key="long/night.wav", Body=to_wav_bytes(sound(40)))
        yield "s3://lungs"
        s3fs.S3FileSystem.clear_instance_cache()


def names(inputs):
    return [item.name.removeprefix("s3://lungs/") for item in inputs.all]


def test_prefixes_globs_and_objects(bucket):
    under = list_inputs([f"{bucket}/in"])
    assert names(under) == ["in/101_1b1_Al_sc_Meditron.wav", "in/b/2.WAV", "in/b/broken.flac"]
    assert all(item.size and item.stamp for item in under.all)
    assert names(list_inputs([f"{bucket}/in/b/*.WAV"])) == ["in/b/2.WAV"]
    assert names(list_inputs([f"{bucket}/in/notes.txt", f"{bucket}/in/notes.txt"])) == ["in/notes.txt"]
    parts = [names(list_inputs([f"{bucket}/in/"], shard=Shard(number, 2))) for number in (1, 2)]
    assert sorted(parts[0] + parts[1]) == names(under)


def test_what_is_not_there_stays_in_the_list(bucket):
    assert names(list_inputs([f"{bucket}/gone", f"{bucket}/gone/*.wav"])) == ["gone", "gone/*.wav"]


@pytest.mark.parametrize("workers", [0, 1])
def test_objects_are_scored_like_files(bucket, tmp_path, workers):
    write_wav(sound(3), tmp_path / "101_1b1_Al_sc_Meditron.wav")
    ((plain, _),) = score_in_order(LevelJudge(), list_inputs([tmp_path]).all)
    inputs = list_inputs([f"{bucket}/in", f"{bucket}/gone.wav"]).all
    found = [report for report, _ in score_in_order(LevelJudge(), inputs, workers=workers)]
    assert [report.status for report in found] == ["scored", "scored", "failed", "failed"]
    assert "s3://lungs/gone.wav: no such object" in found[3].reason
    assert "not an audio file" in found[2].reason
    same = found[0].recording.model_copy(update={"file": plain.recording.file})
    assert (same, found[0].segments, found[0].quality) == (plain.recording, plain.segments, plain.quality)
    assert same.patient_key == "icbhi-101"


def test_a_manifest_of_addresses(bucket, tmp_path):
    (tmp_path / "m.csv").write_text(f"path,site\n{bucket}/in/b/2.WAV,trachea\n")
    ((report, _),) = score_in_order(LevelJudge(), list_inputs([], manifest=tmp_path / "m.csv").all)
    assert (report.status, report.recording.body_site) == ("scored", "trachea")


@pytest.mark.parametrize("in_memory_bytes", [1000, 1 << 20])
def test_a_long_object_is_scored_in_stretches(bucket, monkeypatch, in_memory_bytes):
    monkeypatch.setattr(remote, "IN_MEMORY_BYTES", in_memory_bytes)
    monkeypatch.setattr(prepare_file, "WHOLE", Limits(max_duration_s=10.0))
    (item,) = list_inputs([f"{bucket}/long"]).all
    made = prepare_input(item, batch_judge.CONFIG, RATE_HZ)
    assert isinstance(made, LongSound)
    opening, stretch, _ = made.pieces()
    assert isinstance(opening, Opening)
    assert isinstance(stretch, PreparedStretch)
    assert opening.identity.duration_s == 40
    assert opening.identity.file == "s3://lungs/long/night.wav"


def test_a_large_object_that_is_short_is_read_where_it_lies(bucket, monkeypatch):
    monkeypatch.setattr(remote, "IN_MEMORY_BYTES", 1000)
    ((report, _),) = score_in_order(LevelJudge(), [Input(f"{bucket}/in/b/2.WAV")])
    assert (report.status, report.recording.duration_s) == ("scored", 2)


def test_a_store_that_is_not_there_is_told(bucket, tmp_path, monkeypatch):
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    s3fs.S3FileSystem.clear_instance_cache()
    here = tmp_path / "here.wav"
    here.write_bytes(to_wav_bytes(sound(2)))
    inputs = list_inputs([f"{bucket}/in", here])
    lost, scored = (report for report, _ in score_in_order(LevelJudge(), inputs.all))
    assert (lost.recording.file, lost.status, scored.status) == (f"{bucket}/in", "failed", "scored")
    assert "s3://lungs/in: cannot be listed" in str(lost.reason)
    # Every part but one would seem complete without its recordings.
    with pytest.raises(ScoreError, match=r"s3://lungs/in: cannot be listed"):
        list_inputs([f"{bucket}/in"], shard=Shard(1, 2))
    s3fs.S3FileSystem.clear_instance_cache()


def test_other_protocols():
    import fsspec

    store = fsspec.filesystem("memory")
    store.pipe_file("/in/1.wav", to_wav_bytes(sound(2)))
    ((report, _),) = score_in_order(LevelJudge(), list_inputs(["memory://in"]).all)
    assert report.status == "scored"
    (unknown,) = list_inputs(["nosuch://x"]).all
    assert unknown.name == "nosuch://x"
    assert "Protocol not known" in unknown.problem
    assert not remote.is_remote("C:\\sounds\\x.wav")
    assert not remote.is_remote("in:/x.wav")
