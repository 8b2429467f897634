"""What the features room refuses."""

from resp.errors import RespError


class FeatureError(RespError):
    """Settings that make no useful features, or samples that do not fit them."""
