"""Checksums of the storages of a checkpoint file that Python loaded.

Writes a JSON list with an entry for each storage, by the ids of describe_reference.py: its size and the CRC-32 of its
bytes in this machine's byte order; null for a storage on the meta device.

    python bytes_reference.py model.pt --output=model.json
"""

import argparse
import ctypes
import json
import warnings
import zlib

import torch
from torch._subclasses import meta_utils

import describe_reference


def storage_of(tensor):
    return None if meta_utils.is_sparse_any(tensor) else tensor.untyped_storage()


def parts_of(tensor):
    """The tensors whose records belong to that of `tensor`."""
    if meta_utils.is_sparse_compressed(tensor):
        by_row = tensor.layout in (torch.sparse_csr, torch.sparse_bsr)
        parts = [tensor.crow_indices(), tensor.col_indices()] if by_row else [tensor.ccol_indices(), tensor.row_indices()]
        return [*parts, tensor.values()]
    return []


def bytes_of(storage):
    if storage.device.type == "meta":
        return None
    data = ctypes.string_at(storage.data_ptr(), storage.nbytes()) if storage.nbytes() > 0 else b""
    return {"size": len(data), "crc32": zlib.crc32(data)}


def storages_of_file(path):
    describer = meta_utils.MetaTensorDescriber()
    storages = {}
    alive = []  # Everything that has an id: the describer identifies tensors and storages by their objects.
    for tensor in describe_reference.load(path).tensors.values():
        describer.describe_tensor(tensor)
        for part in [tensor, *parts_of(tensor)]:
            alive.append(part)
            storage = storage_of(part)
            if storage is not None:
                storages[describer.get_storage_id(storage)] = bytes_of(storage)
    return [storages[id] for id in range(len(storages))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--output", required=True)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    text = ",\n".join(json.dumps(storage) for storage in storages_of_file(arguments.file))
    with open(arguments.output, "w", encoding="utf-8") as file:
        file.write(f"[\n{text}\n]\n" if text else "[]\n")


if __name__ == "__main__":
    main()
