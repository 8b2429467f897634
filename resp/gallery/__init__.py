"""What the augmentations and mixes do to one clip, to see and to hear.

Names are imported on first use: neither torch nor matplotlib loads with the room.
"""

from typing import TYPE_CHECKING

from resp.lazy import lazy_names

if TYPE_CHECKING:
    from resp.gallery.errors import GalleryError
    from resp.gallery.exhibit import Exhibit
    from resp.gallery.make import Gallery, make_gallery
    from resp.gallery.scene import Scene

_NAMES = {
    "Exhibit": "exhibit",
    "Gallery": "make",
    "GalleryError": "errors",
    "Scene": "scene",
    "make_gallery": "make",
}

__all__ = ["make_gallery", "Gallery", "Exhibit", "Scene", "GalleryError"]

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
