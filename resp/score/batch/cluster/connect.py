"""The cluster is found, or started on this machine and ended again."""

import logging
import os
import re
import secrets
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from resp import __version__
from resp.score.batch.errors import ClusterError

LOCAL = "local"
CONNECT_S = 5.0
ANSWER_S = 120.0
# Sockets lie in the temporary folder, and a path of more than 107 bytes is none for them.
_LONGEST_FOLDER = 40
_AUTHENTICATION = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal", "RAY_DATA_DISABLE_PROGRESS_BARS": "1"}


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Be a driver of a cluster.

    Parameters
    ----------
    address
        ``local`` starts one on this machine, with all its cores, and ends it; ``auto`` and ``HOST:PORT`` are one that
        runs and that this machine is part of. A program that is a driver already stays what it is.

    Raises
    ------
    ClusterError
        Ray is not installed, nobody answers there, or a machine has another resp.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise ClusterError("a cluster needs Ray, which is not installed; run: pip install 'resp[ray]'") from error
    if ray.is_initialized():
        yield
        return
    with _temporary() if address == LOCAL else _reached(address) as settings:
        try:
            ray.init(**settings, log_to_driver=False, logging_level=logging.CRITICAL)
        except Exception as error:
            ray.shutdown()
            raise _not_connected(address, error) from error
        try:
            yield
        finally:
            ray.shutdown()


def machines() -> list[dict[str, float]]:
    """Return what each machine that works in the cluster has, such as ``CPU`` and ``GPU``.

    Raises
    ------
    ClusterError
        None works, one does not answer, or has another resp.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    working = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) > 0]
    if not working:
        raise ClusterError("the cluster has no machine with a core to work on; add one with: ray start --address …")
    ask = ray.remote(num_cpus=0, max_retries=2)(_version)
    asked = {
        ask.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)).remote(): node
        for node in working
    }
    for reference, node in asked.items():
        where = f"{node['NodeManagerAddress']} of the cluster"
        try:
            there = ray.get(reference, timeout=ANSWER_S)
        except ray.exceptions.GetTimeoutError as error:
            raise ClusterError(f"{where}: no answer within {ANSWER_S:g} s; see what `ray status` says") from error
        except ray.exceptions.RayError as error:
            raise ClusterError(
                f"{where}: resp cannot be used there ({last_line(error)}); "
                f"install resp {__version__} in the environment of every machine"
            ) from error
        if there != __version__:
            raise ClusterError(f"{where}: has resp {there}, this machine {__version__}; expected the same everywhere")
    return [node["Resources"] for node in working]


def last_line(error: BaseException) -> str:
    """Return what an error of Ray's says, without the stack that it carries."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # Colours are for terminals.
    return re.sub(r"\x1b\[[0-9;]*m", "", lines[-1]) if lines else type(error).__name__


def _version() -> str:
    from resp import __version__

    return __version__


@contextmanager
def _temporary() -> Iterator[dict[str, Any]]:
    """Yield the settings of a cluster on this machine, in a folder that goes with it."""
    short = len(os.fsencode(tempfile.gettempdir())) <= _LONGEST_FOLDER
    with (
        tempfile.TemporaryDirectory(
            prefix="resp-ray-", dir=None if short else "/tmp", ignore_cleanup_errors=True
        ) as folder,
        _secret(),
    ):
        yield {"address": LOCAL, "include_dashboard": False, "_temp_dir": folder}


@contextmanager
def _secret() -> Iterator[None]:
    """Let none but us give the cluster work; Ray would put its token into the home folder, for good."""
    if any(name in os.environ for name in _AUTHENTICATION):
        yield
        return
    os.environ["RAY_AUTH_TOKEN"] = _token()
    try:
        yield
    finally:
        for name in _AUTHENTICATION:
            os.environ.pop(name, None)


@cache
def _token() -> str:
    # Ray reads it once in the life of a process.
    return secrets.token_hex(32)


@contextmanager
def _reached(address: str) -> Iterator[dict[str, Any]]:
    """Yield the settings of a cluster that runs; Ray itself would ask for minutes where nobody answers."""
    if address.startswith("ray://"):
        raise ClusterError(
            f"{address}: Ray Data cannot be driven from outside the cluster; "
            "run this on one of its machines with --ray auto, such as by `ray job submit`"
        )
    if address != "auto":
        found = re.fullmatch(r"\[?([^\[\]/\s]+)\]?:(\d{1,5})", address)
        if not found:
            raise ClusterError(f"{address!r}: no address of a cluster; expected local, auto or HOST:PORT")
        try:
            with socket.create_connection((found[1], int(found[2])), timeout=CONNECT_S):
                pass
        except (OSError, OverflowError) as error:
            raise _not_connected(address, error) from error
    yield {"address": address}


def _not_connected(address: str, error: Exception) -> ClusterError:
    told = error.strerror or str(error) if isinstance(error, OSError) else last_line(error)
    if address == LOCAL:
        return ClusterError(f"no Ray cluster could be started on this machine ({told})")
    return ClusterError(
        f"{address}: no Ray cluster answers there ({told}); "
        "start one with `ray start --head` (one that asks for a token wants RAY_AUTH_MODE=token), "
        "or give --ray local for this machine alone"
    )
