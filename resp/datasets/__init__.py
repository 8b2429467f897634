"""Data sets, their splits, and the cache of their waveforms."""

from resp.datasets.cache import WaveformCache, Waveforms, default_cache_folder
from resp.datasets.census import Census, Count
from resp.datasets.errors import DataError
from resp.datasets.fingerprint import Fingerprint, data_fingerprint
from resp.datasets.items import SOUND_CLASSES, TWO_CLASSES, DataSet, Item
from resp.datasets.settings import DataSettings, open_dataset
from resp.datasets.splits import Split, split_dataset

__all__ = [
    "DataSet",
    "Item",
    "SOUND_CLASSES",
    "TWO_CLASSES",
    "Census",
    "Count",
    "DataSettings",
    "open_dataset",
    "Split",
    "split_dataset",
    "WaveformCache",
    "Waveforms",
    "default_cache_folder",
    "Fingerprint",
    "data_fingerprint",
    "DataError",
]
