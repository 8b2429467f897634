"""Who may do what: three roles, each with what the one before it may, and clinics that never see each other.

=============  ===========================================================================================
role           may
=============  ===========================================================================================
``reader``     look at patients, recordings, sounds and results of the own clinic
``clinician``  add patients and recordings, place, move, rescore, correct, comment, sign, mark as read
``admin``      delete patients and recordings, read the audit trail, export a training set
=============  ===========================================================================================
"""

from dataclasses import dataclass
from typing import Literal, get_args

from resp.records.checks import check_text
from resp.records.errors import NotAllowedError, RecordsError

Role = Literal["reader", "clinician", "admin"]
Right = Literal["read", "write", "manage"]
ROLES: tuple[Role, ...] = get_args(Role)
_NEEDS: dict[Right, Role] = {"read": "reader", "write": "clinician", "manage": "admin"}
DEFAULT_CLINIC = "default"


@dataclass(frozen=True, slots=True)
class User:
    """A person, as the sign-in or this machine knows them.

    Parameters
    ----------
    id
        What identifies the person for good: the subject or e-mail of the sign-in, ``local`` without one.
    name
        How the person is shown to others.
    role
        ``reader``, ``clinician`` or ``admin``.
    clinic
        Whose patients the person sees.

    Raises
    ------
    RecordsError
        An unknown role, or an id, name or clinic that is empty, longer than 200 characters or has control characters.
    """

    id: str
    name: str
    role: Role
    clinic: str = DEFAULT_CLINIC

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise RecordsError(f"a role {self.role!r}; expected one of {', '.join(ROLES)}")
        for what, text in (("user id", self.id), ("user's name", self.name), ("clinic", self.clinic)):
            if check_text(text, f"the {what}", most=200) != text:
                raise RecordsError(f"the {what} {text!r} begins or ends with blanks; leave them away")

    def may(self, right: Right) -> bool:
        """Tell whether the role allows to ``read``, to ``write`` (what a clinician does) or to ``manage``."""
        return ROLES.index(self.role) >= ROLES.index(_NEEDS[right])

    def check(self, right: Right, action: str) -> None:
        """Refuse what the role does not allow.

        Raises
        ------
        NotAllowedError
            The role is too low; the message names the one that is needed.
        """
        if not self.may(right):
            raise NotAllowedError(
                f"{self.name} may not {action}: that needs the role {_NEEDS[right]}, and this is a {self.role}"
            )
