"""What the augment room refuses."""

from resp.errors import RespError


class AugmentError(RespError):
    """An augmentation whose settings are out of range, or a batch it cannot act on."""
