"""A server in a process of its own, so that a test can kill it: ``receiver.py SPOOL PORT``."""

import sys
from pathlib import Path

import peers
from resp.dicom.network import Service, load_settings


def main(spool: str, port: str) -> None:
    settings = load_settings(
        None, {"spool": spool, "port": int(port), "max_associations": 16, "min_free_bytes": 0, "scoring_attempts": 100}
    )
    Service(settings, lambda file: peers.stub_answer(Path(file))).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
