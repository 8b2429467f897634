"""Peers on loopback for the tests of the network: dcmtk's storescp, Orthanc, and a stand-in for the scorer."""

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

import judges
import makers

COMPREHENSIVE_SR = "1.2.840.10008.5.1.4.1.1.88.33"
ORTHANC_PLUGINS = Path("/usr/share/orthanc/plugins")
PATIENCE_S = 60.0


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for(what: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
    """What the function says, as soon as it says something; a failure of the test when that takes too long."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError(f"nothing came within {patience_s} s")


def listens(port: int) -> bool:
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0


def small_sound(folder: Path, number: int = 1, **elements: Any) -> Path:
    """A valid recording of 40 samples, named by its number."""
    stored = makers.stored_of(makers.tone(8000, 0.005), "SS")
    return makers.write(makers.make_audio(makers.Group(stored), **elements), folder / f"{number:04d}.dcm")


def uid_of(file: Path) -> str:
    return str(pydicom.dcmread(file, specific_tags=["SOPInstanceUID"]).SOPInstanceUID)


def stub_answer(file: Path) -> list[Dataset]:
    """A small structured report on an instance, the same for the same instance."""
    source = pydicom.dcmread(file)
    answer = Dataset()
    answer.SOPClassUID, answer.SOPInstanceUID = COMPREHENSIVE_SR, f"{source.SOPInstanceUID[:60]}.7"
    for keyword in ("PatientID", "StudyInstanceUID", "StudyDate", "AccessionNumber"):
        setattr(answer, keyword, source.get(keyword, ""))
    answer.SeriesInstanceUID = f"{source.SOPInstanceUID[:60]}.8"
    answer.PatientName, answer.Modality, answer.SeriesNumber, answer.InstanceNumber = "", "SR", 2, 1
    answer.file_meta = FileMetaDataset()
    answer.file_meta.MediaStorageSOPClassUID = COMPREHENSIVE_SR
    answer.file_meta.MediaStorageSOPInstanceUID = answer.SOPInstanceUID
    answer.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return [answer]


@contextmanager
def running(*words: Any, port: int, log: Path, patience_s: float = PATIENCE_S) -> Iterator[subprocess.Popen[bytes]]:
    """A server, from when it listens until the end of the block."""
    with log.open("wb") as said:
        server = subprocess.Popen([str(word) for word in words], stdout=said, stderr=subprocess.STDOUT)
        try:
            wait_for(lambda: listens(port) or server.poll() is not None, patience_s)
            assert server.poll() is None, log.read_text(errors="replace")
            yield server
        finally:
            server.terminate()
            server.wait(20)


@contextmanager
def storescp(folder: Path, *words: str, port: int = 0) -> Iterator[int]:
    """dcmtk's storescp, that writes what it receives into a folder; its port."""
    port = port or free_port()
    folder.mkdir(parents=True, exist_ok=True)
    with running(
        judges.program("storescp"), "-od", folder, *words, port, port=port, log=folder.parent / "storescp.log"
    ):
        yield port


@dataclass(frozen=True)
class Orthanc:
    dicom_port: int
    http_port: int

    @property
    def peer(self) -> str:
        return f"ORTHANC@127.0.0.1:{self.dicom_port}"

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.http_port}/dicom-web"


@contextmanager
def orthanc(folder: Path) -> Iterator[Orthanc]:
    """An Orthanc of its own with DICOMweb, on loopback, that lets RESP store, find and get."""
    program = judges.program("Orthanc")
    one = Orthanc(free_port(), free_port())
    folder.mkdir(parents=True, exist_ok=True)
    configuration = {
        "Name": "test",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "Plugins": [str(ORTHANC_PLUGINS / "libOrthancDicomWeb.so")],
        "DicomAet": "ORTHANC",
        "DicomPort": one.dicom_port,
        "HttpPort": one.http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True,
        "DicomAlwaysAllowStore": True,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    (folder / "orthanc.json").write_text(json.dumps(configuration))
    with running(program, folder / "orthanc.json", port=one.dicom_port, log=folder / "orthanc.log"):
        wait_for(lambda: listens(one.http_port))
        yield one


def spool_of(root: Path) -> dict[str, set[str]]:
    """State → UIDs, read from the folders alone."""
    return {
        state: {one.name for one in (root / state).iterdir()}
        for state in ("received", "working", "answered", "sent", "failed")
    }


def same_dataset(left: Path, right: Path) -> bool:
    """The files hold the same elements, however encoded."""
    return list(pydicom.dcmread(left)) == list(pydicom.dcmread(right))


def noise(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, (1, count))


def make_certificates(folder: Path) -> Path:
    """An authority (ca.pem), and certificates of 127.0.0.1 signed by it (server, client) and by nobody (stranger)."""
    folder.mkdir(parents=True, exist_ok=True)

    def openssl(*words: Any) -> None:
        done = subprocess.run(["openssl", *map(str, words)], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    names = ("-addext", "subjectAltName=IP:127.0.0.1")
    openssl(*new, "-subj", "/CN=test authority", "-keyout", "ca.key", "-out", "ca.pem")
    openssl(*new, "-subj", "/CN=stranger", *names, "-keyout", "stranger.key", "-out", "stranger.pem")
    for name in ("server", "client"):
        openssl(
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            f"/CN={name}",
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.csr",
        )
        (folder / "names.txt").write_text("subjectAltName=IP:127.0.0.1\n")
        signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names.txt")
        openssl("x509", "-req", "-in", f"{name}.csr", *signed, "-out", f"{name}.pem")
    return folder
