import subprocess
import sys

SCRIPT = """
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec

class Broken(Loader):
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        raise OSError("libc10_cuda.so: cannot open shared object file")

class Finder(MetaPathFinder):
    # Installed to all appearances, but it cannot be imported.
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torchaudio":
            return ModuleSpec(name, Broken(), is_package=True)

sys.meta_path.insert(0, Finder())
import resp.models.folder
import resp.models.predict
assert "transformers" not in sys.modules, "transformers was imported before a network was made"
import torch
network = resp.models.create("ast_tiny", classes=4, depth=1, window_s=1.0)
assert network(torch.zeros(1, 16000)).shape == (1, 4)
assert "torchaudio" not in sys.modules
from transformers.utils import is_torchaudio_available
assert is_torchaudio_available(), "the rest of transformers was changed"
print("fine")
"""


def test_networks_are_made_where_torchaudio_cannot_be_imported():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "fine"
