"""EnvNet: a filter bank learnt from the waveform, then convolutions over the picture that it makes.

Source: Tokozume & Harada, "Learning environmental sounds with end-to-end convolutional neural network", ICASSP 2017,
with the sizes and the batch normalisation of Tokozume, Ushiku & Harada, ICLR 2018 (BC learning).
Input 16 kHz mono, 24 014 samples (1.5 s); 48 560 638 parameters at 50 classes, 48 396 758 at 10.

======= ============================================= =================== ========
Stage   Made by                                       Output              Mix site
======= ============================================= =================== ========
pool1   2 convolutions of 8; max-pool 160             [batch, 40, 150]    yes
pool2   convolution of 8 × 13 on that; max-pool 3 × 3 [batch, 50, 11, 46] yes
pool3   convolution of 1 × 5; max-pool 1 × 3          [batch, 50, 11, 14] yes
hidden1 linear, ReLU, dropout                         [batch, 4096]       yes
feature linear, ReLU, dropout                         [batch, 4096]       yes
logits  linear                                        [batch, classes]    no
======= ============================================= =================== ========

Every convolution is followed by batch normalisation and ReLU. Another window changes the length of every map and the
number of weights of ``hidden1``.
"""

from resp.models.envnet_stages import Bank, Block, Layout, build
from resp.models.network import Network

RATE_HZ = 16_000
SAMPLES = 24_014

LAYOUT = Layout(
    rate_hz=RATE_HZ,
    bank=(Bank(40, 8, 1), Bank(40, 8, 1)),
    bank_pool=160,
    blocks=(Block((50,), (8, 13), (3, 3)), Block((50,), (1, 5), (1, 3))),
)


def build_envnet(
    *,
    classes: tuple[str, ...],
    window_s: float = SAMPLES / RATE_HZ,
    hidden: int = 4096,
    dropout: float = 0.5,
) -> Network:
    """Build the network with random weights.

    Parameters
    ----------
    classes
        Class names, in the order of the logits.
    window_s
        Length of the input in seconds.
    hidden
        Size of both hidden linear layers.
    dropout
        Behind each of them.

    Raises
    ------
    ModelError
        A window too short for one step behind the last pooling, hidden layers of no size, or a dropout outside 0
        to below 1.
    """
    return build(LAYOUT, classes=classes, window_s=window_s, hidden=hidden, dropout=dropout)
