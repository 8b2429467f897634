"""Augmentations on show."""

from dataclasses import replace

import torch

from resp.augment import AugmentationRecord, create
from resp.augment.spectrogram import SpectrogramTransform
from resp.features import log_mel
from resp.gallery.exhibit import Exhibit, Heard, Seen, settings_of
from resp.gallery.scene import Scene
from resp.gallery.spectrogram import filter_bank


def show_augmentation(record: AugmentationRecord, exhibit: Exhibit, scene: Scene) -> Exhibit:
    """Let an augmentation act on the clip, with its default settings and a probability of one.

    Raises
    ------
    RespError
        It cannot be made, or cannot act on this clip.
    """
    transform = create(record.name, rate_hz=scene.rate_hz, probability=1.0)
    generator = scene.generator(exhibit.key)
    clip = torch.from_numpy(scene.clip)[None]
    shown = replace(exhibit, settings=settings_of(record))
    with torch.no_grad():
        if isinstance(transform, SpectrogramTransform):
            before = log_mel(clip, scene.rate_hz, settings=filter_bank(scene.rate_hz))
            seen = (Seen("clip", before[0].numpy()), Seen(record.name, transform(before, generator)[0].numpy()))
            return replace(shown, panels=seen)
        changed = transform(clip, generator)[0]
    return replace(shown, panels=(Heard("clip", scene.clip), Heard(record.name, changed.numpy())))
