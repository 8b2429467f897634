"""Whether a network can run where it is asked to."""


def device_problem(device: str) -> str | None:
    """Return why this machine cannot use a device such as ``cpu`` or ``cuda:1``, or None where it can."""
    import torch

    try:
        torch.empty(0, device=device)
    # An unknown kind is a RuntimeError, a missing one an AssertionError or NotImplementedError.
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        first = str(error).partition("\n")[0]
        return f"device {device!r} cannot be used here ({first}); expected cpu or cuda"
    return None
