"""Progress bars of commands."""

from collections.abc import Callable
from typing import Any


def progress_bar(what: str) -> Callable[[int, int], None]:
    """Return a progress callback, told how many of how many are done, that draws a bar on standard error."""
    from tqdm import tqdm

    bar: Any = None

    def show(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            bar = tqdm(total=total, desc=what, leave=False)
        bar.update(done - bar.n)
        if done >= total:
            bar.close()

    return show
