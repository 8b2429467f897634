import torch
from torch import nn

from resp.models import create
from resp.models.initialise import SkipInitialisation, count_parameters


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


def test_parameters_are_counted():
    # 983 599 is the published number.
    assert count_parameters("mn04", 527) == 983_599
    per_class = count_parameters("ast_tiny", 5) - count_parameters("ast_tiny", 4)
    assert per_class == 192 + 1
