"""The resident memory of this Python with the modules given loaded and nothing made. Prints one line of JSON.

    python bench/torch/idle.py torch torchvision lightly.loss

It is part of every twin's `peak_mb`: for a small network, much of it.
"""

import importlib
import json
import resource
import sys

for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps({"idle_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)}))
