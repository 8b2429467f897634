"""Send DICOM files to a storage SCP: C-ECHO, then a C-STORE for each, whose status is looked at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from resp.dicom.network.associate import Caller, associate, context, status_words
from resp.dicom.network.outcome import Outcome
from resp.dicom.network.peer import Peer
from resp.dicom.uids import EXPLICIT_LITTLE, IMPLICIT_LITTLE, TRANSFER_SYNTAXES, describe_class

if TYPE_CHECKING:
    from pynetdicom.association import Association

# An association holds 128 presentation contexts; a class takes up to two, and C-ECHO one.
_PAIRS = 60
# "Out of resources" and a response that never came may be otherwise the next time; a refusal of the data will not.
_OUT_OF_RESOURCES = range(0xA700, 0xA800)


@dataclass(frozen=True, slots=True)
class _Item:
    file: Path
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax: str


def send_files(files: Sequence[Path], peer: Peer, caller: Caller | None = None) -> Iterator[Outcome]:
    """Send files, one outcome each; the files come in the order in which they are sent.

    Parameters
    ----------
    files
        DICOM files of any class, with or without a preamble.
    peer
        A storage SCP.
    caller
        How we call.

    Raises
    ------
    PeerError
        The peer cannot be reached or refuses us.
    """
    items = []
    for file in files:
        item = _look_at(file)
        if isinstance(item, Outcome):
            yield item
        else:
            items.append(item)
    while items:
        now, items = _first_fitting(items)
        pairs = {(item.sop_class_uid, item.transfer_syntax): None for item in now}
        contexts = [context(sop_class, [syntax]) for sop_class, syntax in pairs]
        for sop_class in {item.sop_class_uid: None for item in now if item.transfer_syntax in TRANSFER_SYNTAXES}:
            # For a peer that knows only the other of the two: these can be turned into each other.
            others = [one for one in TRANSFER_SYNTAXES if (sop_class, one) not in pairs]
            contexts += [context(sop_class, others)] if others else []
        with associate(peer, contexts, caller or Caller()) as association:
            for item in now:
                yield _store(association, item)


def _first_fitting(items: list[_Item]) -> tuple[list[_Item], list[_Item]]:
    """Divide files into those that one association can take and the rest."""
    pairs: set[tuple[str, str]] = set()
    now, later = list[_Item](), list[_Item]()
    for item in items:
        pair = (item.sop_class_uid, item.transfer_syntax)
        if pair in pairs or len(pairs) < _PAIRS:
            pairs.add(pair)
            now.append(item)
        else:
            later.append(item)
    return now, later


def _look_at(file: Path) -> _Item | Outcome:
    from pydicom import dcmread

    try:
        dataset = dcmread(file, force=True, specific_tags=["SOPClassUID", "SOPInstanceUID"], stop_before_pixels=True)
        sop_class, instance = str(dataset.get("SOPClassUID", "")), str(dataset.get("SOPInstanceUID", ""))
        # A dataset without a preamble does not name its encoding; the parser has found it out.
        found = IMPLICIT_LITTLE if dataset.original_encoding[0] else EXPLICIT_LITTLE
        syntax = str(dataset.file_meta.get("TransferSyntaxUID", found))
    except Exception as error:
        # Whatever a parser may say of a file that is none of its own.
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        return Outcome(file, "", sent=False, final=True, said=f"not sent: cannot be read as DICOM ({reason})")
    if not sop_class or not instance:
        said = "not sent: no DICOM object with SOP Class UID and SOP Instance UID"
        return Outcome(file, instance, sent=False, final=True, said=said)
    return _Item(file, sop_class, instance, syntax)


def _store(association: "Association", item: _Item) -> Outcome:
    from pydicom import dcmread
    from pydicom.uid import UID

    def outcome(said: str, *, sent: bool = False, final: bool = False) -> Outcome:
        return Outcome(item.file, item.sop_instance_uid, sent=sent, final=final, said=said)

    if not association.is_established:
        return outcome("not sent: the association has ended")
    if not any(one.abstract_syntax == item.sop_class_uid for one in association.accepted_contexts):
        return outcome(f"not sent: the peer does not take {describe_class(item.sop_class_uid)}", final=True)
    try:
        dataset = dcmread(item.file, force=True)
        dataset.file_meta.TransferSyntaxUID = UID(item.transfer_syntax)
        status = association.send_c_store(dataset)
    except Exception as error:
        # An encoder fails in as many ways as files are wrong.
        return outcome(f"not sent: cannot be encoded for this peer ({error})", final=True)
    words = status_words(status, "store")
    if "Status" not in status:
        return outcome(words)
    # PS3.4 B.2.3: 0xBxxx are warnings, the instance is stored.
    if status.Status == 0x0000 or 0xB000 <= status.Status <= 0xBFFF:
        return outcome(words, sent=True)
    return outcome(words, final=status.Status not in _OUT_OF_RESOURCES)
