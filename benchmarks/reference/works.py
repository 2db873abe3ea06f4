"""The works of benchmarks/works for the Python reference, under the names of their groups.

The reference has no calls for whole models. Its time for the same work, one tensor after another, is compared with both
of ours.

A work is a function of a graph, like `Work::setup`. It returns a function that prepares a run, which returns the
function that is timed. The result of that function is destroyed after the clock has stopped.
"""

import json

import torch
from torch._subclasses.meta_utils import MetaConverter, MetaTensorDescriber


def describe_all(describer, tensors):
    return [describer.describe_tensor(tensor) for tensor in tensors]


def convert_all(converter, tensors):
    return [converter(tensor) for tensor in tensors]


def describe_first(tensors):
    def prepare():
        describer = MetaTensorDescriber()
        return lambda: (describer, describe_all(describer, tensors))

    return prepare


def describe_again(tensors):
    describer = MetaTensorDescriber()
    describe_all(describer, tensors)
    return lambda: lambda: describe_all(describer, tensors)


def convert_first(tensors):
    def prepare():
        converter = MetaConverter()
        return lambda: (converter, convert_all(converter, tensors))

    return prepare


def convert_again(tensors):
    converter = MetaConverter()
    held = convert_all(converter, tensors)

    def convert():
        for tensor in tensors:
            converter(tensor)
        return held

    return lambda: convert


def convert_half(tensors):
    def prepare():
        converter = MetaConverter()
        held = convert_all(converter, tensors[::2])
        return lambda: (converter, held, convert_all(converter, tensors))

    return prepare


def convert_remade(tensors):
    converter = MetaConverter()
    convert_all(converter, tensors)
    return lambda: lambda: convert_all(converter, tensors)


def convert_records(tensors):
    records = describe_all(MetaTensorDescriber(), tensors)

    def convert(converter):
        callback = converter._identity_callable
        return [converter.meta_tensor(record, None, callback, None, None) for record in records]

    def prepare():
        converter = MetaConverter()
        return lambda: (converter, convert(converter))

    return prepare


def view_replay(tensors):
    base = torch.empty_like(tensors[0]._base)
    return lambda: lambda: [view._view_func_unsafe(base) for view in tensors]


def json_write(tensors):
    describer = MetaTensorDescriber()
    records = describe_all(describer, tensors)

    def write():
        for record in records:
            json.dumps(record.as_json(describer.id))

    return lambda: write


WORKS = {
    "describe/first": describe_first,
    "describe/again": describe_again,
    "convert/first": convert_first,
    "convert/again": convert_again,
    "convert/half": convert_half,
    "convert/remade": convert_remade,
    "convert/records": convert_records,
    "views/first": convert_first,
    "views/again": convert_again,
    "views/replay": view_replay,
    "json/write": json_write,
}
