"""How much a sample keeps of itself: shares drawn from a Beta distribution."""

import torch
from torch import Tensor

from resp.mix.errors import MixError
from resp.mix.partners import check_generator


def check_alpha(alpha: float) -> float:
    """Return the parameter of a symmetric Beta distribution; `MixError` where it is not positive and finite."""
    if not isinstance(alpha, int | float) or isinstance(alpha, bool) or not 0 < alpha < float("inf"):
        raise MixError(f"alpha={alpha!r}; expected a positive number (1: every kept share alike)")
    return float(alpha)


def check_flag(name: str, value: bool) -> bool:
    """Return a setting that is true or false; `MixError` where it is neither."""
    if not isinstance(value, bool):
        raise MixError(f"{name}={value!r}; expected true or false")
    return value


def beta_shares(size: int, alpha: float, generator: torch.Generator) -> Tensor:
    """Draw kept shares λ ~ Beta(α, α).

    Parameters
    ----------
    size
        How many.
    alpha
        Both parameters of the distribution; 1 is uniform.
    generator
        A CPU generator.

    Returns
    -------
    Tensor
        [size] float64 on the CPU.

    Raises
    ------
    MixError
        The generator is not on the CPU.
    """
    check_generator(generator)
    uniform = torch.rand(size, generator=generator, dtype=torch.float64)
    if alpha == 1:
        return uniform
    # torch's Beta takes no generator; the inverse distribution function turns uniform numbers into it.
    from scipy.special import betaincinv

    return torch.from_numpy(betaincinv(alpha, alpha, uniform.numpy()))
