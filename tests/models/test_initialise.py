import torch
from torch import nn

from resp.models import create
from resp.models.initialise import Outline, SkipInitialisation, outline


def test_no_random_number_is_drawn():
    before = torch.get_rng_state()
    with SkipInitialisation():
        nn.Linear(3, 3)
        nn.Embedding(4, 2)
        nn.init.trunc_normal_(torch.empty(5, 5), std=0.02)
        nn.init.xavier_uniform_(tensor=torch.empty(5, 5))
        create("ast_tiny", classes=2, depth=1)
        create("mn04", classes=2)
    assert torch.equal(before, torch.get_rng_state())


def test_afterwards_everything_is_as_before():
    with SkipInitialisation():
        nn.Linear(3, 3)
    torch.manual_seed(0)
    one = nn.Linear(3, 3).weight.clone()
    torch.manual_seed(0)
    assert torch.equal(one, nn.Linear(3, 3).weight)
    assert one.std() > 0


def test_the_outline_of_a_network():
    # 983 599 is the published number.
    assert outline("mn04", 527) == Outline(parameters=983_599, rate_hz=32_000, input_samples=None)
    assert outline("envnet", 2)[1:] == (16_000, 24_014)
    per_class = outline("ast_tiny", 5).parameters - outline("ast_tiny", 4).parameters
    assert per_class == 192 + 1
