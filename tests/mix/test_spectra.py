import pytest
import torch

from resp.mix import MixError
from resp.mix.spectra import check_windows, draw_window, mix_spectra


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_half_precision_is_computed_in_float32(dtype: torch.dtype) -> None:
    batch = torch.randn(2, 700, generator=torch.Generator().manual_seed(0)).to(dtype)
    seen = []

    def mixed(own: torch.Tensor, partner: torch.Tensor) -> torch.Tensor:
        seen.append(own.dtype)
        return own[partner]

    with torch.autocast("cpu", dtype=torch.bfloat16):
        swapped = mix_spectra(batch, torch.tensor([1, 0]), 64, mixed)
    assert seen == [torch.complex64]
    assert swapped.dtype == dtype
    assert torch.allclose(swapped, batch.flip(0), atol=1e-5)


@pytest.mark.parametrize("windows", [(), [512, 510], [0], [-4], [512.0], [True], 512, "512", None])
def test_windows_must_be_multiples_of_four(windows: object) -> None:
    with pytest.raises(MixError, match="windows"):
        check_windows(windows)  # type: ignore[arg-type]


def test_every_window_is_drawn() -> None:
    generator = torch.Generator().manual_seed(0)
    drawn = [draw_window((8, 16, 32), generator) for _ in range(600)]
    assert all(150 < drawn.count(window) < 250 for window in (8, 16, 32))
