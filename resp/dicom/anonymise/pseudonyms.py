"""Names that stand for others: the same one for the same thing, and no way back without the key.

A pseudonym is an HMAC (RFC 2104) of what it stands for under a secret key, followed by an HMAC of itself. The second
part tells a pseudonym of this key from everything else, so that what was anonymised once is not changed again.
"""

import hmac
import re
from base64 import b32encode
from secrets import token_bytes
from uuid import UUID

from resp.dicom.errors import DicomError
from resp.dicom.uids import UID_ROOT

LEAST_KEY_BYTES = 16
# Numbers that the standard gives out are short: nothing else, a date or a path, hides behind its root.
_STANDARD = re.compile(r"1\.2\.840\.10008(\.[0-9]{1,4})+")
_MOST_DAYS = 3650
# 122 bits of a UUID are free (RFC 9562, version 8): these many say what it stands for, the rest that it is ours.
_UUID_BITS, _UUID_CHECK = 74, 48
_PATIENT_BYTES, _PATIENT_CHECK = 9, 6


class Pseudonyms:
    """Pseudonyms of one key.

    Parameters
    ----------
    key
        The secret; what one key has made, only it can make again. Drawn at random and forgotten with the object where
        None: nobody can then find the way back, and a second run gives other pseudonyms.

    Raises
    ------
    DicomError
        A key too short to be one.
    """

    def __init__(self, key: bytes | None = None) -> None:
        if key is not None and len(key) < LEAST_KEY_BYTES:
            raise DicomError(f"a key of {len(key)} bytes; expected at least {LEAST_KEY_BYTES} random bytes")
        self._key = key or token_bytes(32)

    def uid(self, uid: str) -> str:
        """Return the UID that stands for ``uid``; the standard's own, and those made by this key, stay."""
        if not uid or _STANDARD.fullmatch(uid) or self._made_uid(uid):
            return uid
        known = self._number("uid", uid, _UUID_BITS)
        payload = known << _UUID_CHECK | self._number("uid check", str(known), _UUID_CHECK)
        high, middle, low = payload >> 74, payload >> 62 & 0xFFF, payload & (1 << 62) - 1
        return f"{UID_ROOT}.{high << 80 | 8 << 76 | middle << 64 | 2 << 62 | low}"

    def patient(self, identity: str) -> str:
        """Return the patient's key that stands for ``identity``; one made by this key stays."""
        if not identity or self.made_patient(identity):
            return identity
        known = self._digest("patient", identity)[:_PATIENT_BYTES]
        return f"P{b32encode(known + self._digest('patient check', known.hex())[:_PATIENT_CHECK]).decode()}"

    def made_patient(self, identity: str) -> bool:
        """Whether this is a patient's key that this key made."""
        from base64 import b32decode
        from binascii import Error

        try:
            made = b32decode(identity[1:])
        except (Error, ValueError):
            return False
        known, check = made[:_PATIENT_BYTES], made[_PATIENT_BYTES:]
        return identity[:1] == "P" and check == self._digest("patient check", known.hex())[:_PATIENT_CHECK]

    def file_name(self, content: bytes) -> str:
        """Return the name, without suffix, of a file that holds ``content``."""
        return f"sound-{hmac.digest(self._key, b'file' + content, 'sha256').hex()[:24]}"

    def days(self, identity: str) -> int:
        """Return by how many days a patient's dates are moved back, 1 … 3650; 0 for one that was anonymised."""
        return 0 if self.made_patient(identity) else 1 + self._number("days", identity, 64) % _MOST_DAYS

    def _made_uid(self, uid: str) -> bool:
        root, _, digits = uid.rpartition(".")
        if root != UID_ROOT or not digits.isascii() or not digits.isdigit() or int(digits) >> 128:
            return False
        made = UUID(int=int(digits))
        if made.version != 8:
            return False
        number = made.int
        payload = number >> 80 << 74 | (number >> 64 & 0xFFF) << 62 | number & (1 << 62) - 1
        known, check = payload >> _UUID_CHECK, payload & (1 << _UUID_CHECK) - 1
        return check == self._number("uid check", str(known), _UUID_CHECK)

    def _number(self, purpose: str, words: str, bits: int) -> int:
        return int.from_bytes(self._digest(purpose, words), "big") >> 256 - bits

    def _digest(self, purpose: str, words: str) -> bytes:
        return hmac.digest(self._key, f"{purpose}\0{words}".encode(), "sha256")
