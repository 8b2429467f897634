"""Reports over HTTP: what ``resp serve`` runs.

Names are imported on first use: the libraries of the extra ``serve`` load only where something is served.
"""

from typing import TYPE_CHECKING

from resp.lazy import lazy_names

if TYPE_CHECKING:
    from resp.service.app import create_app
    from resp.service.errors import ServiceError
    from resp.service.keys import Keys, make_key
    from resp.service.server import serve
    from resp.service.settings import ServiceSettings

_NAMES = {
    "Keys": "keys",
    "ServiceError": "errors",
    "ServiceSettings": "settings",
    "create_app": "app",
    "make_key": "keys",
    "serve": "server",
}

__all__ = ["ServiceSettings", "Keys", "make_key", "create_app", "serve", "ServiceError"]

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
