"""What the gallery refuses."""

from resp.errors import RespError


class GalleryError(RespError):
    """A folder that cannot be written, or something that cannot be shown."""
