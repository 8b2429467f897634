"""OpenVINO and NNCF without their reports of use.

Both send such reports over the network, OpenVINO on its very import, by the library openvino-telemetry, and both do
without where that is not installed. So it is hidden from them while they are imported.
"""

import sys
from importlib import import_module
from threading import Lock
from typing import Any, Literal

_HIDDEN = "openvino_telemetry"
_lock = Lock()


def import_silently(library: Literal["openvino", "nncf"]) -> Any:
    """Import a library that must be installed, and let it send nothing; what was imported before stays as it is."""
    with _lock:
        if library in sys.modules:
            return sys.modules[library]
        before = sys.modules.get(_HIDDEN)
        # None is how Python marks what cannot be imported.
        sys.modules[_HIDDEN] = None  # type: ignore[assignment]
        try:
            return import_module(library)
        finally:
            if before is None:
                del sys.modules[_HIDDEN]
            else:
                sys.modules[_HIDDEN] = before
