"""The one base of everything that resp refuses."""


class RespError(Exception):
    """Input that resp refuses; the message says what was given, what was expected and what to do.

    Every room has one subclass (``AudioError``, ``RecipeError``, …). The command line prints the message
    without a traceback and exits with status 2.
    """
