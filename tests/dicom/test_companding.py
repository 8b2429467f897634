"""G.711 expanded, against libsndfile's decoder and the recommendation's tables, sample by sample."""

import io

import numpy as np
import pytest
import soundfile

import makers
from resp.dicom.companding import FULL_SCALE, a_law_table, expand_a_law, expand_mu_law, mu_law_table

CODES = np.arange(256, dtype=np.uint8)


def by_libsndfile(subtype: str) -> np.ndarray:
    sound, _ = soundfile.read(
        io.BytesIO(CODES.tobytes()),
        samplerate=8000,
        channels=1,
        format="RAW",
        subtype=subtype,
        dtype="int16",
    )
    return sound


@pytest.mark.parametrize(("expand", "subtype"), [(expand_mu_law, "ULAW"), (expand_a_law, "ALAW")])
def test_every_code_is_what_libsndfile_makes_of_it(expand, subtype):
    np.testing.assert_array_equal(expand(CODES), by_libsndfile(subtype))


@pytest.mark.parametrize(("expand", "slow"), [(expand_mu_law, makers.mu_law_table), (expand_a_law, makers.a_law_table)])
def test_every_code_is_what_the_recommendation_lists(expand, slow):
    np.testing.assert_array_equal(expand(CODES) / FULL_SCALE, slow())


def test_shape_is_kept_and_the_tables_cannot_be_changed():
    assert expand_mu_law(CODES.reshape(2, 128)).shape == (2, 128)
    for table in (mu_law_table(), a_law_table()):
        with pytest.raises(ValueError, match="read-only"):
            table[0] = 0
