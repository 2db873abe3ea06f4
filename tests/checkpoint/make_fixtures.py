"""Makes the checkpoint files in data/, and in golden/ what the Python reference says about each.

    python make_fixtures.py        # PyTorch 2.15 with NumPy and safetensors

The files are committed, so that the tests need no Python. Contents are zeros and small numbers: only shapes matter.
What a file holds is said in the function that makes it.
"""

import collections
import io
import json
import os
import pickle
import struct
import subprocess
import sys
import tarfile
import types
import warnings
import zipfile
from typing import List

import torch

FOLDER = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(FOLDER, "data")
GOLDEN = os.path.join(FOLDER, "golden")

# The reference's describer raises on these.
WITHOUT_GOLDEN = {"nested.pt"}

FIXTURES = []


def fixture(make):
    FIXTURES.append(make)
    return make


def path_of(name):
    return os.path.join(DATA, name)


def save(name, value, **kwargs):
    torch.save(value, path_of(name), **kwargs)


def rewrite_zip(source, target, compression=zipfile.ZIP_STORED, replace=None):
    """A copy of a zip file with some members replaced (by their name without the folder)."""
    replace = dict(replace or {})
    with zipfile.ZipFile(path_of(source)) as old, zipfile.ZipFile(path_of(target), "w", compression) as new:
        for name in old.namelist():
            member = name.split("/", 1)[1]
            new.writestr(name, replace.pop(member, None) or old.read(name))


# --- torch.save, zip -------------------------------------------------------------------------------------------------


def views():
    base = torch.arange(24, dtype=torch.float32)
    return {
        "base": base,
        "slice": base[4:8],
        "transposed": base.view(4, 6).t(),
        "expanded": base[:1].expand(5),
        "scalar": torch.tensor(1.0, dtype=torch.float64),
        "empty": torch.zeros(0, 3),
    }


@fixture
def make_views():
    """Tensors that share a storage, in all the shapes that strides make."""
    save("views.pt", views())
    save("views_legacy.pt", views(), _use_new_zipfile_serialization=False)
    save("views_protocol4.pt", views(), pickle_protocol=4)
    rewrite_zip("views.pt", "views_big_endian.pt", replace={"byteorder": b"big"})
    rewrite_zip("views.pt", "views_deflated.pt", compression=zipfile.ZIP_DEFLATED)


@fixture
def make_tied():
    """One tensor under two names, two tensors on one storage, parameters with and without gradient."""
    weight = torch.nn.Parameter(torch.zeros(3, 4))
    save(
        "tied.pt",
        {
            "embedding.weight": weight,
            "output.weight": weight,
            "data": weight.data,
            "frozen": torch.nn.Parameter(torch.zeros(2), requires_grad=False),
            "leaf": torch.zeros(2, requires_grad=True),
        },
    )


@fixture
def make_dtypes():
    """A tensor of every dtype that torch.save takes."""
    names = (
        "bool uint8 int8 int16 int32 int64 uint16 uint32 uint64 float16 bfloat16 float32 float64 complex32 complex64 "
        "complex128 float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu"
    ).split()
    save("dtypes.pt", {name: torch.empty(2, dtype=getattr(torch, name)).zero_() for name in names})


@fixture
def make_bits():
    """Conjugate and negative bits, on a parameter too."""
    z = torch.zeros(2, dtype=torch.complex64)
    save(
        "bits.pt",
        {
            "conj": z.conj(),
            "plain": z,
            "neg": torch.zeros(2, dtype=torch.complex64).conj().imag,
            "parameter": torch.nn.Parameter(torch.zeros(3, dtype=torch.complex64).conj()),
        },
    )


@fixture
def make_quantized():
    values = torch.zeros(4, 6)
    save(
        "quantized.pt",
        {
            "per_tensor": torch.quantize_per_tensor(values, 0.1, 0, torch.qint8),
            "per_channel": torch.quantize_per_channel(values, torch.ones(4), torch.zeros(4), 0, torch.quint8),
            "qint32": torch.quantize_per_tensor(values, 0.1, 0, torch.qint32),
            "packed": torch.quantize_per_channel(values, torch.ones(4), torch.zeros(4), 0, torch.quint4x2),
        },
    )


@fixture
def make_sparse():
    dense = torch.eye(4)
    coo = dense.to_sparse()
    save(
        "sparse.pt",
        {
            "coo": torch.sparse_coo_tensor(coo.indices(), coo.values(), (4, 4)),
            "coalesced": coo,
            "hybrid": torch.zeros(4, 2).to_sparse(1),
            "csr": dense.to_sparse_csr(),
            "csc": dense.to_sparse_csc(),
            "bsr": dense.to_sparse_bsr((2, 2)),
            "bsc": dense.to_sparse_bsc((2, 2)),
            "grad": torch.nn.Parameter(dense.to_sparse_csr()),
        },
    )


@fixture
def make_names():
    """Keys and containers of all kinds, names that collide, a list that contains itself, a shared list."""
    shared = [torch.zeros(1)]
    loop = [torch.zeros(2)]
    loop.append(loop)
    save(
        "names.pt",
        collections.OrderedDict(
            [
                ("nested", {"list": [torch.zeros(3), (torch.zeros(4), None)], 7: torch.zeros(5)}),
                ("keys", {(1, "a"): torch.zeros(1), b"x": torch.zeros(1), None: torch.zeros(1), 1.5: torch.zeros(1),
                          True: torch.zeros(1), "é": torch.zeros(1)}),
                ("a.b", torch.zeros(6)),
                ("a", {"b": torch.zeros(7)}),
                ("first", shared),
                ("second", shared),
                ("loop", loop),
                ("default", collections.defaultdict(list, {"x": [torch.zeros(8)]})),
                ("plain", [1, 2.5, "text", None, {1, 2}, torch.float32, torch.device("cpu"), torch.Size([2]), b"bytes"]),
            ]
        ),
    )  # fmt: skip


@fixture
def make_bare():
    save("bare.pt", torch.zeros(2, 3))
    save("empty.pt", {})
    save("meta.pt", {"meta": torch.empty(2, 3, device="meta").t()})


class Unknown:
    """Stands for the class of a program that the reader knows nothing about."""

    def __init__(self):
        self.weight = torch.zeros(2)
        self.inner = {"x": torch.zeros(3)}
        self.function = os.path.join


class Slotted:
    __slots__ = ("tensor", "__dict__")

    def __init__(self):
        self.tensor = torch.zeros(4)
        self.extra = torch.zeros(5)


class WithState:
    def __getstate__(self):
        return [torch.zeros(6)]

    def __setstate__(self, state):
        pass


class DictSubclass(dict):
    pass


class Subclass(torch.Tensor):
    pass


def pickled_as(module):
    """Makes the classes of this file look as if they came from `module`, so that the files do not depend on this one."""
    fake = types.ModuleType(module)
    for cls in (Unknown, Slotted, WithState, DictSubclass, Subclass, Net):
        cls.__module__ = module
        setattr(fake, cls.__name__, cls)
    sys.modules[module] = fake


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.table = torch.zeros(9)  # A plain attribute.
        self.encoder = torch.nn.ModuleList([torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4)])
        self.head = torch.nn.Linear(4, 3, bias=False)
        self.register_buffer("positions", torch.zeros(5))
        self.scale = torch.nn.Parameter(torch.zeros(1))


@fixture
def make_objects():
    """Instances of unknown classes with tensors inside, and a whole module."""
    items = DictSubclass(x=torch.zeros(7))
    items.attribute = torch.zeros(8)
    save(
        "objects.pt",
        {"unknown": Unknown(), "slotted": Slotted(), "state": WithState(), "items": items,
         "deque": collections.deque([torch.zeros(1)])},
    )  # fmt: skip
    save("module.pt", Net())
    save("module_legacy.pt", Net(), _use_new_zipfile_serialization=False)
    save(
        "subclass.pt",
        {"plain": torch.zeros(3).as_subclass(Subclass), "grad": torch.zeros(3).as_subclass(Subclass).requires_grad_()},
    )


@fixture
def make_nested():
    """Nested tensors, whose shape is in their data."""
    parts = [torch.zeros(2), torch.zeros(3)]
    save("nested.pt", {"strided": torch.nested.nested_tensor(parts)})


# --- torch.save, older forms -----------------------------------------------------------------------------------------


class StorageClass:
    """Pickles as a class of torch's by name, which need not exist any more."""

    def __init__(self, name):
        self.name = name


class OldPickler(pickle._Pickler):
    """Writes persistent ids and class names as old versions did."""

    def save(self, obj, save_persistent_id=True):
        if isinstance(obj, StorageClass):
            self.write(b"ctorch\n" + obj.name.encode() + b"\n")
        elif isinstance(obj, Persistent):
            self.save(obj.id, save_persistent_id=False)
            self.write(pickle.BINPERSID)
        elif isinstance(obj, Call):
            module, name = obj.function
            self.write(b"c" + module.encode() + b"\n" + name.encode() + b"\n")
            self.save(obj.args)
            self.write(pickle.REDUCE)
            if obj.state is not None:
                self.save(obj.state)
                self.write(pickle.BUILD)
        else:
            super().save(obj, save_persistent_id)


class Persistent:
    def __init__(self, id):
        self.id = id


class Call:
    def __init__(self, module, name, args, state=None):
        self.function, self.args, self.state = (module, name), args, state


def old_dumps(value):
    out = io.BytesIO()
    OldPickler(out, protocol=2).dump(value)
    return out.getvalue()


MAGIC = 0x1950A86A20F9469CFC6C


@fixture
def make_legacy_views():
    """Two views of one storage, as PyTorch 0.2 wrote them: the views are storages by themselves."""

    def tensor(view, size):
        persistent = Persistent(("storage", StorageClass("FloatStorage"), "root", "cpu", 10, view))
        return Call("torch._utils", "_rebuild_tensor", (persistent, 0, (size,), (1,)))

    value = {
        "whole": tensor(None, 10),
        "front": tensor(("front", 0, 4), 4),
        "back": tensor(("back", 4, 6), 6),
        "back_again": tensor(("back", 4, 6), 3),
        "parameter": Call("torch.nn.parameter", "Parameter", (tensor(None, 10),), (False, False, {})),
    }
    with open(path_of("legacy_views.pt"), "wb") as file:
        for part in (MAGIC, 1001, {"protocol_version": 1001, "little_endian": True}, value, ["root"]):
            file.write(old_dumps(part))
        file.write(struct.pack("<q", 10) + bytes(40))


@fixture
def make_tar():
    """The form before PyTorch 0.1.10: three lists of pickles in a tar archive."""
    storages = old_dumps(2)
    storages += old_dumps((100, "cpu", StorageClass("FloatStorage"))) + struct.pack("<q", 6) + bytes(24)
    storages += old_dumps((101, "cuda:1", StorageClass("LongStorage"))) + struct.pack("<q", 3) + bytes(24)
    storages += old_dumps([(102, 100, 2, 4)])
    tensors = old_dumps(3)
    for key, storage, size, stride, offset in (
        (200, 100, (2, 3), (3, 1), 0),
        (201, 101, (3,), (1,), 0),
        (202, 102, (2, 2), (1, 2), 0),
    ):
        tensors += old_dumps((key, storage, StorageClass("FloatTensor")))
        tensors += struct.pack("<ii", len(size), 0)
        tensors += struct.pack(f"<{len(size)}q", *size) + struct.pack(f"<{len(stride)}q", *stride)
        tensors += struct.pack("<q", offset)
    weight = Persistent("200")
    root = {
        "weight": weight,
        "index": Persistent("201"),
        "view": Persistent("202"),
        "again": weight,
        "parameter": Call("torch.nn.parameter", "Parameter", (weight,), (True, False, {})),
    }
    sys_info = old_dumps({"protocol_version": 1000, "little_endian": True})
    with tarfile.open(path_of("tar.pt"), "w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in (
            ("sys_info", sys_info), ("pickle", old_dumps(root)), ("tensors", tensors), ("storages", storages),
        ):  # fmt: skip
            info = tarfile.TarInfo(name)
            info.size = len(content)
            info.mtime = 1480000000.5  # A fraction makes Python write a pax header before the member.
            tar.addfile(info, io.BytesIO(content))


# --- TorchScript -----------------------------------------------------------------------------------------------------


class Inner(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.plain = torch.zeros(3)
        self.register_buffer("buffer", torch.zeros(2, 3).t())
        self.weight = torch.nn.Parameter(torch.zeros(4), requires_grad=False)

    def forward(self, x):
        return x + self.plain.sum() + self.buffer.sum() + self.weight.sum()


class Scripted(torch.nn.Module):
    tensors: List[torch.Tensor]

    def __init__(self):
        super().__init__()
        self.inner = Inner()
        self.embedding = torch.nn.Embedding(3, 4)
        self.output = torch.nn.Linear(4, 3)
        self.output.weight = self.embedding.weight
        self.tensors = [torch.zeros(1), torch.zeros(2)]
        self.by_name = {"k": torch.zeros(6)}
        self.pair = (torch.zeros(7), 3)
        self.register_buffer("positions", torch.zeros(8))
        self.register_buffer("part", self.positions[2:5])

    def forward(self, x):
        y = self.inner(x) + self.output(self.embedding.weight).sum() + self.positions.sum() + self.part.sum()
        return y + self.tensors[0] + self.by_name["k"].sum() + self.pair[0].sum()


@fixture
def make_torchscript():
    torch.jit.script(Scripted()).save(path_of("scripted.pt"))
    # A constant of the code that is a tensor with data.
    constant = torch.zeros(5)
    torch.jit.trace(lambda x: x + constant, torch.zeros(5)).save(path_of("traced.pt"))


# --- safetensors -----------------------------------------------------------------------------------------------------

SAFETENSORS_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "F64": 64, "I64": 64, "U64": 64,
    "C64": 64, "F4": 4,
}  # fmt: skip


@fixture
def make_safetensors():
    """All dtypes; then an order of names that is neither that of the data nor alphabetic."""
    header, offset = {}, 0
    for dtype, bits in SAFETENSORS_BITS.items():
        size = 2 * 4 * bits // 8
        header[dtype] = {"dtype": dtype, "shape": [2, 4], "data_offsets": [offset, offset + size]}
        offset += size
    write_safetensors("dtypes.safetensors", header, offset)
    header = {
        "late": {"dtype": "F32", "shape": [2, 3], "data_offsets": [8, 32]},
        "__metadata__": {"format": "pt"},
        "zero": {"dtype": "F32", "shape": [3, 0, 2], "data_offsets": [8, 8]},
        "early": {"dtype": "F64", "shape": [], "data_offsets": [0, 8]},
    }
    write_safetensors("order.safetensors", header, 32)


def write_safetensors(name, header, size):
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path_of(name), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + bytes(size))


def make_golden():
    os.makedirs(GOLDEN, exist_ok=True)
    script = os.path.join(FOLDER, "..", "reference", "describe_reference.py")
    for name in sorted(set(os.listdir(DATA)) - WITHOUT_GOLDEN):
        # A process of its own: there the classes of this file are as unknown as they are to the reader.
        output = "--output=" + os.path.join(GOLDEN, name + ".json")
        subprocess.run([sys.executable, script, path_of(name), output], check=True)


def main():
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    os.makedirs(DATA, exist_ok=True)
    pickled_as("unknown_package")
    for make in FIXTURES:
        make()
    make_golden()


if __name__ == "__main__":
    main()
