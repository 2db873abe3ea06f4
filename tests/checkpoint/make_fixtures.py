"""Makes the checkpoint files in data/, what the Python reference says about each in golden/, and in golden_bytes/ what
the storages hold once Python has loaded them.

    python make_fixtures.py                       # PyTorch 2.15 with NumPy and safetensors
    python make_fixtures.py make_bytes make_tar   # Only what these functions make, and all golden files.

The files are committed, so that the tests need no Python. Contents are zeros and small numbers, since only shapes
matter, but for the files whose names begin with "bytes". What a file holds is said in the function that makes it.
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
GOLDEN_BYTES = os.path.join(FOLDER, "golden_bytes")

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


def random_bytes(size):
    return bytes(torch.randint(0, 256, (size,), dtype=torch.uint8).tolist())


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
    """Sets the module of the classes in this file to `module`, so that the fixtures do not depend on this file."""
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


# --- Files whose bytes matter ---------------------------------------------------------------------------------------


def random_tensor(dtype, *size):
    """Any bits, NaNs too, but for bool."""
    if dtype == torch.bool:
        return torch.randint(0, 2, size).bool()
    count = torch.Size(size).numel() * torch.empty(0, dtype=dtype).element_size()
    return torch.frombuffer(bytearray(random_bytes(count)), dtype=dtype).view(size)


def tensors_with_bytes():
    base = random_tensor(torch.float32, 6, 5)
    coo = torch.sparse_coo_tensor([[0, 2, 1], [1, 0, 3]], random_tensor(torch.float64, 3), (3, 4), check_invariants=True)
    tensors = {
        "base": base,
        "row": base[2],
        "scalar": random_tensor(torch.float64, 1)[0],
        "empty": torch.zeros(0, 3),
        "coo": coo,
        "csr": torch.eye(3).to_sparse_csr(),
        # Storages without a dtype: uint16 and float8 have no storage class. torch.load never swaps them.
        "uint16": random_tensor(torch.uint16, 5),
        "float8": random_tensor(torch.uint8, 7).view(torch.float8_e4m3fn),
        "conj": random_tensor(torch.complex64, 3).conj(),
    }
    for dtype in (torch.bool, torch.uint8, torch.int16, torch.int64, torch.bfloat16, torch.complex64, torch.complex128):
        tensors[str(dtype).removeprefix("torch.")] = random_tensor(dtype, 3, 3)
    return tensors


@fixture
def make_bytes():
    """Storages of many dtypes, as torch.save writes them, and as other programs pack them."""
    tensors = tensors_with_bytes()
    save("bytes.pt", tensors)
    # In this form torch.load cannot read storages without a dtype.
    typed = {name: tensor for name, tensor in tensors.items() if name not in ("uint16", "float8")}
    save("bytes_legacy.pt", typed, _use_new_zipfile_serialization=False)
    rewrite_zip("bytes.pt", "bytes_big_endian.pt", replace={"byteorder": b"big"})
    rewrite_zip("bytes.pt", "bytes_deflated.pt", compression=zipfile.ZIP_DEFLATED)
    rewrite_zip(
        "bytes.pt", "bytes_deflated_big_endian.pt", compression=zipfile.ZIP_DEFLATED, replace={"byteorder": b"big"}
    )
    torch.serialization.set_crc32_options(False)
    save("bytes_without_crc.pt", {"long": tensors["int64"], "empty": tensors["empty"]})
    torch.serialization.set_crc32_options(True)


class WithBytes(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(random_tensor(torch.uint8, 4, 3).float())
        self.register_buffer("scale", random_tensor(torch.float64, 3))
        self.register_buffer("part", self.scale[1:])

    def forward(self, x):
        return self.weight @ x + CONSTANT.sum() + self.scale.sum() + self.part.sum()


CONSTANT = torch.tensor([1, -2, 300, -400, 32767], dtype=torch.int16)


@fixture
def make_torchscript_bytes():
    """A constant of the code with data, beside a parameter and a buffer."""
    torch.jit.trace(WithBytes(), torch.zeros(3)).save(path_of("bytes_traced.pt"))


@fixture
def make_safetensors_bytes():
    """Tensors that do not begin at multiples of their element size, and some that do."""
    header = {
        "byte": {"dtype": "U8", "shape": [3], "data_offsets": [0, 3]},
        "float": {"dtype": "F32", "shape": [2, 2], "data_offsets": [3, 19]},
        "zero": {"dtype": "F32", "shape": [0], "data_offsets": [19, 19]},
        "half": {"dtype": "F16", "shape": [], "data_offsets": [19, 21]},
    }
    write_safetensors("bytes.safetensors", header, random_bytes(21))
    header = {
        "double": {"dtype": "F64", "shape": [2], "data_offsets": [0, 16]},
        "complex": {"dtype": "C64", "shape": [1, 2], "data_offsets": [16, 32]},
        "float": {"dtype": "F32", "shape": [4], "data_offsets": [32, 48]},
    }
    write_safetensors("bytes_aligned.safetensors", header, random_bytes(48))


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
    write_legacy_views("legacy_views.pt", bytes(40))
    write_legacy_views("bytes_legacy_views.pt", random_bytes(40))


def write_legacy_views(name, data):
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
    with open(path_of(name), "wb") as file:
        for part in (MAGIC, 1001, {"protocol_version": 1001, "little_endian": True}, value, ["root"]):
            file.write(old_dumps(part))
        file.write(struct.pack("<q", 10) + data)


@fixture
def make_tar():
    """The form before PyTorch 0.1.10: three lists of pickles in a tar archive."""
    write_tar("tar.pt", bytes(24), bytes(24))
    write_tar("bytes_tar.pt", random_bytes(24), random_bytes(24))


def write_tar(name, floats, longs):
    storages = old_dumps(2)
    storages += old_dumps((100, "cpu", StorageClass("FloatStorage"))) + struct.pack("<q", 6) + floats
    storages += old_dumps((101, "cuda:1", StorageClass("LongStorage"))) + struct.pack("<q", 3) + longs
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
    with tarfile.open(path_of(name), "w", format=tarfile.PAX_FORMAT) as tar:
        for member, content in (
            ("sys_info", sys_info), ("pickle", old_dumps(root)), ("tensors", tensors), ("storages", storages),
        ):  # fmt: skip
            info = tarfile.TarInfo(member)
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
    write_safetensors("dtypes.safetensors", header, bytes(offset))
    header = {
        "late": {"dtype": "F32", "shape": [2, 3], "data_offsets": [8, 32]},
        "__metadata__": {"format": "pt"},
        "zero": {"dtype": "F32", "shape": [3, 0, 2], "data_offsets": [8, 8]},
        "early": {"dtype": "F64", "shape": [], "data_offsets": [0, 8]},
    }
    write_safetensors("order.safetensors", header, bytes(32))


def write_safetensors(name, header, data):
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path_of(name), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def run_reference(script, name, folder):
    """In a process of its own: there the classes of this file are as unknown as they are to the reader."""
    os.makedirs(folder, exist_ok=True)
    output = "--output=" + os.path.join(folder, name + ".json")
    subprocess.run([sys.executable, os.path.join(FOLDER, "..", "reference", script), path_of(name), output], check=True)


def make_golden():
    for name in sorted(set(os.listdir(DATA)) - WITHOUT_GOLDEN):
        run_reference("describe_reference.py", name, GOLDEN)
        run_reference("bytes_reference.py", name, GOLDEN_BYTES)


def main():
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    os.makedirs(DATA, exist_ok=True)
    pickled_as("unknown_package")
    for make in FIXTURES:
        if not sys.argv[1:] or make.__name__ in sys.argv[1:]:
            make()
    make_golden()


if __name__ == "__main__":
    main()
