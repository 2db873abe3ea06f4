"""Describes the tensors of a checkpoint file with the Python reference.

Writes the document of `metaconv describe FILE --format=json --map-location=cpu`: Python loads the file with its
weights, and PyTorch's `MetaTensorDescriber` describes every tensor in it. compare.sh compares metaconv's document with
this one, and the golden files are such documents.

    python describe_reference.py model.pt
    python describe_reference.py model.safetensors --output=model.json

Loading. `torch.load` for what `torch.save` wrote, `torch.jit.load` for TorchScript, `safetensors.torch.load_file` for
safetensors. A pickle may name classes that are not installed, and the document must not depend on which ones are:
every global outside of `torch` and a few builtin containers is replaced by a stand-in class, which keeps what the
pickle gives it and runs no code.

Names, in the order of the file, depth first, joined by '.':
  dict              str keys as they are, others by str()
  list, tuple       indices
  nn.Module         `_parameters`, `_buffers`, `_modules`, in this order and without a path element of their own, then
                    the other attributes
  other objects     what the pickle gives them, in its order: constructor arguments as `args.N`, list items as indices,
                    dict items as keys, attributes by name, a state that is not a dict as `state`
  TorchScript       attributes in the order of the archive, which puts a module's parameters before its buffers and both
                    before the rest; then the constants, as `constants.N`
  a bare tensor     ''
'#2', '#3', … is added to a name that exists already. A tensor that occurs again under another name keeps its id.

`opaque` lists the objects that are neither tensors nor plain values nor containers, by path, with the name of the class
or function.

One field is normalised: `view_func` is the repr of a bound method, which contains an address.
"""

import argparse
import dataclasses
import json
import pickle
import struct
import sys
import types
import warnings
import zipfile

import torch
from torch._subclasses import meta_utils

FORMAT = "metaconv/1"
# A file does not have the operator that made a view. Size, stride and storage offset define it.
VIEW_FUNCS = {False: "_CustomViewFunc(func=none)", True: "_CustomViewFunc(func=as_strided)"}


# --- Unpickling without running anything -----------------------------------------------------------------------------


class StandIn:
    """An object of a class that is replaced: keeps what the pickle gives it."""

    # Slots, so that `__dict__` holds the pickled attributes only.
    __slots__ = ("stand_in_args", "stand_in_elements", "stand_in_items", "stand_in_state", "__dict__")

    def __new__(cls, *args, **kwargs):
        self = object.__new__(cls)
        self.stand_in_args = [*args, *kwargs.values()]
        self.stand_in_elements = []
        self.stand_in_items = {}
        self.stand_in_state = None
        return self

    def __init__(self, *args, **kwargs):
        pass

    def append(self, element):
        self.stand_in_elements.append(element)

    def extend(self, elements):
        self.stand_in_elements.extend(elements)

    def add(self, element):
        self.stand_in_elements.append(element)

    def __setitem__(self, key, value):
        self.stand_in_items[key] = value

    def __setstate__(self, state):
        # The default `__setstate__` takes attributes, or a pair of attributes and slots.
        parts = state if isinstance(state, tuple) and len(state) == 2 else (state,)
        if all(part is None or isinstance(part, dict) for part in parts):
            for part in parts:
                self.__dict__.update(part or {})
        else:
            self.stand_in_state = state

    def __str__(self):
        return full_name(type(self))


def make_stand_in(module, name):
    return type(name, (StandIn,), {"__module__": module, "__qualname__": name, "__slots__": ()})


def reconstruct(cls, base, state):
    """`copyreg._reconstructor`, which pickles of protocol 0 and 1 call."""
    if issubclass(cls, StandIn):
        return cls(state) if base is not object else cls()
    return base.__new__(cls) if base is object else base.__new__(cls, state)


def rebuild_from_type(function, tensor_type, arguments, state):
    """`torch._tensor._rebuild_from_type_v2`; a tensor of a class that is replaced becomes a plain tensor."""
    if issubclass(tensor_type, StandIn):
        tensor_type = torch.Tensor
    return torch._tensor._rebuild_from_type_v2(function, tensor_type, arguments, state)


REPLACED_GLOBALS = {
    ("copyreg", "_reconstructor"): reconstruct,
    ("torch._tensor", "_rebuild_from_type_v2"): rebuild_from_type,
}
SAFE_GLOBALS = {
    "_codecs": {"encode"},
    "builtins": {"bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object", "set",
                 "str", "tuple"},
    "collections": {"OrderedDict", "defaultdict"},
}  # fmt: skip
PYTHON2_MODULES = {"__builtin__": "builtins", "copy_reg": "copyreg"}


class InertUnpickler(pickle.Unpickler):
    """Finds the classes of `torch` and SAFE_GLOBALS, and replaces all others by stand-ins."""

    def find_class(self, module, name):
        python3_module = PYTHON2_MODULES.get(module, module)
        if (python3_module, name) in REPLACED_GLOBALS:
            return REPLACED_GLOBALS[python3_module, name]
        in_torch = python3_module.partition(".")[0] == "torch"
        if in_torch or name in SAFE_GLOBALS.get(python3_module, ()):
            try:
                return super().find_class(module, name)
            except (ImportError, AttributeError):
                pass  # From another version of torch.
        return make_stand_in(module, name)


# What `torch.load` requires of a pickle module.
INERT_PICKLE = types.ModuleType("inert_pickle")
INERT_PICKLE.Unpickler = InertUnpickler
INERT_PICKLE.load = lambda file, **kwargs: InertUnpickler(file, **kwargs).load()


# --- Names -----------------------------------------------------------------------------------------------------------

PLAIN_TYPES = (
    type(None), bool, int, float, complex, str, bytes, bytearray, set, frozenset, torch.dtype, torch.device,
    torch.layout, torch.memory_format, torch.qscheme, torch.UntypedStorage, torch.TypedStorage,
)  # fmt: skip


def full_name(value):
    """"package.module.Class" of a class or a function."""
    return f"{value.__module__}.{value.__qualname__}"


class Names:
    """Collects tensors and opaque objects by their paths."""

    def __init__(self):
        self.tensors = {}
        self.opaque = {}
        self._open = set()  # The ids of the objects around the current one: an object in a pickle may contain itself.

    def add_tensor(self, path, tensor):
        self._add(self.tensors, path, tensor)

    def add_opaque(self, path, name):
        self._add(self.opaque, path, name)

    def walk(self, path, value):
        if isinstance(value, torch.Tensor):
            self.add_tensor(path, value)
            return
        if isinstance(value, PLAIN_TYPES) or id(value) in self._open:
            return
        self._open.add(id(value))
        if isinstance(value, dict):
            self._walk_items(path, value.items())
        elif isinstance(value, (list, tuple)):
            self._walk_items(path, enumerate(value))
        else:
            self._walk_object(path, value)
        self._open.remove(id(value))

    def _walk_items(self, path, items):
        for key, value in items:
            self.walk(join(path, str(key)), value)

    def _walk_object(self, path, value):
        if isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType)):
            self.add_opaque(path, full_name(value))
            return
        self.add_opaque(path, full_name(type(value)))
        if isinstance(value, StandIn):
            self._walk_items(join(path, "args"), enumerate(value.stand_in_args))
            self._walk_items(path, enumerate(value.stand_in_elements))
            self._walk_items(path, value.stand_in_items.items())
        attributes = dict(getattr(value, "__dict__", {}))
        for transparent in ("_parameters", "_buffers", "_modules"):
            if isinstance(attributes.get(transparent), dict):
                self._walk_items(path, attributes.pop(transparent).items())
        self._walk_items(path, attributes.items())
        if isinstance(value, StandIn):
            self.walk(join(path, "state"), value.stand_in_state)

    @staticmethod
    def _add(table, path, value):
        name, count = path, 1
        while name in table:
            count += 1
            name = f"{path}#{count}"
        table[name] = value


def join(path, element):
    return f"{path}.{element}" if path else element


# --- Loading ---------------------------------------------------------------------------------------------------------


def load(path):
    if is_safetensors(path):
        return load_safetensors(path)
    if is_torchscript(path):
        return load_torchscript(path)
    names = Names()
    names.walk("", torch.load(path, map_location="cpu", weights_only=False, pickle_module=INERT_PICKLE))
    return names


def is_safetensors(path):
    with open(path, "rb") as file:
        head = file.read(9)
        size = file.seek(0, 2)
    return len(head) == 9 and head[8:] == b"{" and struct.unpack("<Q", head[:8])[0] <= size - 8


def is_torchscript(path):
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.split("/")[1:] == ["constants.pkl"] for name in archive.namelist())


def load_safetensors(path):
    import safetensors.torch

    names = Names()
    for name, tensor in safetensors.torch.load_file(path, device="cpu").items():
        names.add_tensor(name, tensor)
    return names


class TorchScriptStructureUnpickler(pickle.Unpickler):
    """The objects of a TorchScript archive as stand-ins, which keep the order of the attributes."""

    def find_class(self, module, name):
        if module == "torch.jit._pickle" or (module, name) == ("collections", "OrderedDict"):
            return super().find_class(module, name)
        return make_stand_in(module, name)

    def persistent_load(self, pid):
        return None


class ConstantsReader:
    """Presents the constants of a TorchScript archive under the names of the data that `torch.load` reads."""

    def __init__(self, path):
        self._reader = torch._C.PyTorchFileReader(path)

    def has_record(self, name):
        return self._reader.has_record(self._translate(name))

    def get_record(self, name):
        return self._reader.get_record(self._translate(name))

    def get_storage_from_record(self, name, numel, dtype):
        return self._reader.get_storage_from_record(self._translate(name), numel, dtype)

    def serialization_id(self):
        return self._reader.serialization_id()

    @staticmethod
    def _translate(name):
        return "constants" + name.removeprefix("data") if name.startswith(("data/", "data.")) else name


def load_torchscript(path):
    module = torch.jit.load(path, map_location="cpu")._c
    with zipfile.ZipFile(path) as archive:
        (data,) = [name for name in archive.namelist() if name.split("/")[1:] == ["data.pkl"]]
        with archive.open(data) as file:
            structure = TorchScriptStructureUnpickler(file).load()
    names = Names()
    walk_torchscript(names, "", structure, module)
    # `torch.jit.load` gives no access to the constants, so they are loaded again with torch.load.
    constants = torch.serialization._load(ConstantsReader(path), "cpu", INERT_PICKLE)
    names.walk("constants", constants)
    return names


def walk_torchscript(names, path, structure, value):
    """Visits `value`, which `torch.jit.load` made, in the order of `structure`, the stand-in for it."""
    if isinstance(value, torch.Tensor):
        names.add_tensor(path, value)
    elif isinstance(value, dict):
        for key, key_structure in structure.items():
            walk_torchscript(names, join(path, str(key)), key_structure, value[key])
    elif isinstance(value, (list, tuple)):
        for index, element in enumerate(value):
            walk_torchscript(names, join(path, str(index)), structure[index], element)
    elif isinstance(value, torch.ScriptObject):
        attributes = structure.__dict__
        if not isinstance(value, torch._C.ScriptModule) and not attributes:
            names.add_opaque(path, full_name(type(structure)))
        for attribute, attribute_structure in attributes.items():
            walk_torchscript(names, join(path, attribute), attribute_structure, value.getattr(attribute))


# --- Records ---------------------------------------------------------------------------------------------------------


class Records:
    """Describes tensors with one describer, and keeps every record, nested ones too."""

    def __init__(self):
        self._describer = meta_utils.MetaTensorDescriber()
        self._alive = {}  # id() of a described tensor -> the tensor and its id. It stays alive, so that id() is unique.
        self.tensors = {}
        self.storages = {}

    def describe(self, tensor):
        """The tensor's id."""
        if id(tensor) not in self._alive:
            record = self._describer.describe_tensor(tensor)
            self._keep(record)
            self._alive[id(tensor)] = (tensor, record.id)
        return self._alive[id(tensor)][1]

    def _keep(self, record):
        if isinstance(record, meta_utils.MetaStorageDesc):
            self.storages[record.id] = record.as_json(0)
            return
        # A nested record may occur twice, with and without its own nested records. The one with more fields is kept; of
        # two with as many fields, the last one.
        fields = normalise(record.as_json(0))
        if len(fields) >= len(self.tensors.get(record.id, {})):
            self.tensors[record.id] = fields
        for field in dataclasses.fields(record):
            value = getattr(record, field.name)
            for nested in value.values() if isinstance(value, dict) else [value]:
                if isinstance(nested, (meta_utils.MetaTensorDesc, meta_utils.MetaStorageDesc)):
                    self._keep(nested)


def normalise(fields):
    if str(fields.get("view_func", "")).startswith("_CustomViewFunc(func=<"):
        fields["view_func"] = VIEW_FUNCS[fields.get("is_view", False)]
    return fields


def describe_file(path):
    loaded = load(path)
    records = Records()
    names = {name: records.describe(tensor) for name, tensor in loaded.tensors.items()}
    document = {
        "format": FORMAT,
        "describer_id": 0,
        "storages": [records.storages[key] for key in sorted(records.storages)],
        "tensors": [records.tensors[key] for key in sorted(records.tensors)],
        "names": names,
    }
    if loaded.opaque:
        document["opaque"] = loaded.opaque
    return document


def dump(document):
    """JSON with one record or name per line, so that a diff shows the records that changed."""
    parts = []
    for key, value in document.items():
        if isinstance(value, list):
            body = ",\n".join(json.dumps(element, ensure_ascii=False) for element in value)
            text = f"[\n{body}\n]" if value else "[]"
        elif isinstance(value, dict):
            body = ",\n".join(
                f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(element)}" for name, element in value.items()
            )
            text = f"{{\n{body}\n}}" if value else "{}"
        else:
            text = json.dumps(value)
        parts.append(f"{json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--output", help="where to write the document; standard output if not given")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # Deprecation warnings of the loaders.
    text = dump(describe_file(arguments.file))
    if arguments.output is None:
        sys.stdout.write(text)
    else:
        with open(arguments.output, "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    main()
