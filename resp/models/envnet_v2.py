"""EnvNet-v2: EnvNet with more convolutions, for 44.1 kHz.

Source: Tokozume, Ushiku & Harada, "Learning from between-class examples for deep sound recognition", ICLR 2018.
Input 44.1 kHz mono, 66 650 samples (1.5 s); 101 251 186 parameters at 50 classes, 101 087 306 at 10.

======= ================================================ ===================== ========
Stage   Made by                                          Output                Mix site
======= ================================================ ===================== ========
pool1   convolutions of 64 and 16, stride 2; max-pool 64 [batch, 64, 260]      yes
pool2   2 convolutions of 8 × 8 on that; max-pool 5 × 3  [batch, 32, 10, 82]   yes
pool3   2 convolutions of 1 × 4; max-pool 1 × 2          [batch, 64, 10, 38]   yes
pool4   2 convolutions of 1 × 2; max-pool 1 × 2          [batch, 128, 10, 18]  yes
pool5   2 convolutions of 1 × 2; max-pool 1 × 2          [batch, 256, 10, 8]   yes
hidden1 linear, ReLU, dropout                            [batch, 4096]         yes
feature linear, ReLU, dropout                            [batch, 4096]         yes
logits  linear                                           [batch, classes]      no
======= ================================================ ===================== ========

Every convolution is followed by batch normalisation and ReLU. SpeechMix and InterMix act at ``pool1`` to ``pool4``,
their layers 1 to 4. Another window changes the length of every map and the number of weights of ``hidden1``.
"""

from resp.models.envnet_stages import Bank, Block, Layout, build
from resp.models.network import Network

RATE_HZ = 44_100
SAMPLES = 66_650

LAYOUT = Layout(
    rate_hz=RATE_HZ,
    bank=(Bank(32, 64, 2), Bank(64, 16, 2)),
    bank_pool=64,
    blocks=(
        Block((32, 32), (8, 8), (5, 3)),
        Block((64, 64), (1, 4), (1, 2)),
        Block((128, 128), (1, 2), (1, 2)),
        Block((256, 256), (1, 2), (1, 2)),
    ),
)


def build_envnet_v2(
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
