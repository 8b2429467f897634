"""Who is before the page: nobody signs in on this machine alone, an OpenID Connect provider says who it is elsewhere.

What a person may do, and whether anybody may do without signing in, is decided in ``resp.records``.
"""

import streamlit as st

from resp.errors import RespError
from resp.records import NotAllowedError, User
from resp.records.sign_in import local_user, signed_in_user
from resp_page.language import choose_language, text
from resp_page.words import plain


def sign_in() -> None:
    """Let the page go on for somebody who may see it; draw the way in, and end the run, for everybody else.

    Raises
    ------
    RespError
        The page is served beyond this machine and nobody has to sign in.
    """
    from resp_page.desk import settings

    if settings().sign_in.configured and not _claims():
        _draw_door(None)
    try:
        current_user()
    except NotAllowedError as error:
        _draw_door(error)


def current_user() -> User:
    """Return who is before the page; asked anew in every run, so that a role that is taken away is gone at once.

    Raises
    ------
    RespError
        Nobody who may enter.
    """
    # The records ask here who it is.
    from resp_page.desk import records, settings

    chosen = settings()
    if not chosen.sign_in.configured:
        return local_user(chosen, st.get_option("server.address") or "", st.context.headers.to_dict())
    return signed_in_user(_claims(), chosen, records().users)


def show_sign_out() -> None:
    """Draw the way out for somebody who has signed in."""
    if _claims():
        st.button(text("sign_in.out"), icon=":material/logout:", on_click=st.logout)


def _claims() -> dict[str, object]:
    """Return what the provider says of the person; empty for nobody."""
    user = st.user.to_dict()
    return user if user.get("is_logged_in") else {}


def _draw_door(refused: RespError | None) -> None:
    """Draw the way in; or, for somebody who has signed in and may not enter, why not and the way out."""
    st.title(text("sign_in.title"), anchor=False)
    if refused is None:
        st.markdown(text("sign_in.words"))
        st.button(text("sign_in.in"), icon=":material/login:", type="primary", on_click=st.login)
    else:
        st.error(plain(str(refused)), icon=":material/block:")
        show_sign_out()
    choose_language()
    st.stop()
