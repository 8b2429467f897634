"""What the service refuses before it serves."""

from resp.errors import RespError


class ServiceError(RespError):
    """Settings, keys or an address with which the service cannot start.

    What a request did wrong is a `resp.service.problems.RequestError` instead, which it is answered with.
    """


def missing_extra(library: str) -> ServiceError:
    """Return the error for a library of the extra ``serve`` that is not installed.

    Parameters
    ----------
    library
        What could not be imported, such as ``"fastapi"``.
    """
    return ServiceError(f'{library} is not installed; install it with: pip install "resp[serve]"')
