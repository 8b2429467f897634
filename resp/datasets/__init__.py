"""Data sets, their splits, and the cache of their waveforms."""

from resp.datasets.cache import WaveformCache, default_cache_folder
from resp.datasets.census import Census, Count
from resp.datasets.errors import DataError
from resp.datasets.fingerprint import Fingerprint, data_fingerprint
from resp.datasets.items import SOUND_CLASSES, TWO_CLASSES, DataSet, Item
from resp.datasets.readers import READERS, DataRecord
from resp.datasets.settings import DataSettings, open_dataset
from resp.datasets.splits import Split, split_dataset
from resp.datasets.waveforms import Waveforms

__all__ = [
    "DataSet",
    "Item",
    "SOUND_CLASSES",
    "TWO_CLASSES",
    "Census",
    "Count",
    "DataRecord",
    "READERS",
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
