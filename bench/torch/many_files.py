"""The twin of bench/many-files.ts: opens a folder as torchvision's ImageFolder and reads a batch. Prints one line of JSON."""
import gc
import json
import random
import sys
import time
import tracemalloc

from torchvision.datasets import ImageFolder
from PIL import Image


def status(field):
    with open('/proc/self/status') as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


folder, batch = sys.argv[1], int(sys.argv[2])
Image.init()
idle = status('VmHWM')
start = time.perf_counter()
data = ImageFolder(folder)
listed = time.perf_counter() - start
order = random.Random(1).sample(range(len(data)), batch)
data[order[0]]
first = time.perf_counter() - start
for index in order:
    data[index]
filled = time.perf_counter() - start
files, peak = len(data), status('VmHWM')

# Once more, slowly, with every allocation counted.
del data
gc.collect()
tracemalloc.start()
data = ImageFolder(folder)
gc.collect()
held = tracemalloc.get_traced_memory()[0]
print(json.dumps({
    'files': files,
    'list_s': listed,
    'first_picture_s': first,
    'first_batch_s': filled,
    'index_bytes_a_file': held / files,
    'peak_mb': peak,
    'idle_mb': idle,
}))
