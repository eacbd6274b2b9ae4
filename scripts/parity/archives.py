"""Archives as other programs write them: tars of Python's `tarfile` in its three formats, a WebDataset shard of `webdataset`,
and Parquet files of `datasets` and pyarrow. Picture i of each is 4 x 4 pixels of one color, `color(i)`, as PNG."""

import base64
import io
import json
import tarfile
import tempfile
import zlib
from importlib.metadata import version
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import webdataset
from PIL import Image

TARGET = Path(__file__).resolve().parents[2] / "packages/core/src/data/sources/__fixtures__/archives.json"
CLASSES = ["ant", "bee", "cat"]
LONG = "a-folder-with-a-long-name/" * 5  # 130 bytes: more than the 100 of a plain header


def color(i: int) -> tuple[int, int, int]:
    return (10 * i, 255 - 10 * i, 7 * i)


def picture(i: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4), color(i)).save(out, "PNG")
    return out.getvalue()


def tar(fmt: int) -> bytes:
    """Short and long names, a folder, a letter outside ASCII, labels as .cls and .json, a sample without a picture."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=fmt) as archive:

        def add(name: str, data: bytes) -> None:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))

        folder = tarfile.TarInfo("train")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for i in range(3):
            add(f"train/{i:03d}.png", picture(i))
            add(f"train/{i:03d}.cls", b"%d\n" % (i % 3))
        add(f"{LONG}003.cls", b"0")
        add(f"{LONG}003.png", picture(3))
        add("train.v1/b\u00e4r.seg.txt", b"no picture of this extension")
        add("train.v1/b\u00e4r.png", picture(4))
        add("train.v1/b\u00e4r.json", json.dumps({"label": 1, "caption": "a bear"}).encode())
        add("train/lonely.cls", b"2")
    return out.getvalue()


def shard(folder: Path) -> bytes:
    path = folder / "shard.tar"
    with webdataset.TarWriter(str(path), mtime=0) as sink:
        for i in range(5):
            sink.write({"__key__": f"{i:06d}", "png": picture(i), "cls": i % 3})
    return path.read_bytes()


def hub(folder: Path) -> bytes:
    """What `push_to_hub` writes: a struct of bytes and path, classes in the metadata. Row groups of 4 rows."""
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=CLASSES)})
    rows = {"image": [{"bytes": picture(i), "path": f"{i}.png"} for i in range(10)], "label": [i % 3 for i in range(10)]}
    path = folder / "hub.parquet"
    datasets.Dataset.from_dict(rows, features=features).to_parquet(str(path), batch_size=4)
    return path.read_bytes()


def plain(compression: str) -> bytes:
    """A binary column, names of classes as text, one row without a picture."""
    table = pa.table(
        {
            "id": pa.array(range(6), pa.int64()),
            "img": pa.array([None if i == 3 else picture(i) for i in range(6)], pa.binary()),
            "kind": pa.array([None if i == 4 else CLASSES[i % 3] for i in range(6)]),
        }
    )
    out = io.BytesIO()
    pq.write_table(table, out, compression=compression, row_group_size=3)
    return out.getvalue()


with tempfile.TemporaryDirectory() as name:
    files = {
        "ustar.tar": tar(tarfile.USTAR_FORMAT),
        "gnu.tar": tar(tarfile.GNU_FORMAT),
        "pax.tar": tar(tarfile.PAX_FORMAT),
        "shard.tar": shard(Path(name)),
        "hub.parquet": hub(Path(name)),
        **{f"{codec}.parquet": plain(codec) for codec in ("none", "snappy", "zstd", "gzip", "brotli", "lz4")},
    }

made = {lib: version(lib) for lib in ("webdataset", "datasets", "pyarrow", "pillow")}
# Almost all of a tar of small files is zeros: kept compressed.
TARGET.parent.mkdir(exist_ok=True)
TARGET.write_text(
    json.dumps(
        {
            "from": "scripts/parity/archives.py",
            "versions": made,
            "colors": [color(i) for i in range(10)],
            "deflated": {name: base64.b64encode(zlib.compress(data, 9)).decode() for name, data in files.items()},
        },
        indent=1,
    )
    + "\n"
)
print({name: len(data) for name, data in files.items()}, TARGET.stat().st_size)
