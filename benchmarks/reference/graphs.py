"""The graphs of benchmarks/graphs in Python, created with the same random numbers in the same order."""

import itertools

import torch

MASK = (1 << 64) - 1
MAX_DEPTH = 64
VIEWS_OF_A_BASE = 1000


class Random:
    """SplitMix64, like graphs/random.h."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
        return (z ^ (z >> 31)) % bound


def empty(sizes, dtype=torch.float32):
    return torch.empty(sizes, dtype=dtype, device="meta")


# graphs/kinds.cc


def tiny(random):
    types = [torch.float32, torch.bfloat16, torch.float16, torch.int64]
    sizes = [None] * random.below(4)
    for i in range(len(sizes)):
        sizes[i] = 1 + random.below(8)
    return empty(sizes, types[random.below(4)])


def complex_tensor(random):
    return empty([1 + random.below(8)], torch.complex64)


def conjugate(random):
    return complex_tensor(random).conj()


def sparse_coo(random):
    nonzeros = 1 + random.below(4)
    indices = torch.zeros(2, nonzeros, dtype=torch.int64)
    return torch.sparse_coo_tensor(indices, torch.zeros(nonzeros), (8, 8), check_invariants=False)


def sparse_csr(random):
    nonzeros = 1 + random.below(4)
    rows, columns = torch.zeros(5, dtype=torch.int64), torch.zeros(nonzeros, dtype=torch.int64)
    return torch.sparse_csr_tensor(rows, columns, torch.zeros(nonzeros), (4, 4), check_invariants=False)


def any_kind(random):
    return [tiny, complex_tensor, conjugate, sparse_coo, sparse_csr][random.below(5)](random)


def many(make):
    return lambda random, count: [make(random) for _ in range(count)]


# graphs/training.cc


def parameter(sizes):
    made = empty(sizes, torch.bfloat16).requires_grad_(True)
    made.grad = empty(sizes, torch.bfloat16)
    return made


def with_training(made):
    return [made, made.grad] + [empty(made.shape) for _ in range(2)]


def layer(width):
    qkv = parameter([3 * width, width])
    yield from with_training(qkv)
    yield from (qkv.narrow(0, i * width, width) for i in range(3))
    yield from with_training(parameter([3 * width]))
    for rows in width, 4 * width:
        yield from with_training(parameter([rows, width]))
        yield from with_training(parameter([rows]))
    yield from with_training(parameter([width, 4 * width]))
    for _ in range(5):
        yield from with_training(parameter([width]))


def parameters(random, count):
    made = []
    for _ in range(count):
        dimensions = 1 + random.below(2)
        made.append(parameter([1 + random.below(8) for _ in range(dimensions)]))
    return made


def training(random, count):
    width = 64 * (1 + random.below(8))
    embedding = parameter([1000, width])
    tensors = with_training(embedding) + [embedding]
    while len(tensors) < count:
        tensors += layer(width)
    return tensors[:count]


# graphs/aliases.cc


def deeper(random, view):
    if random.below(4) == 0:
        return view.transpose(0, 1)
    return view[1 if len(view) > 1 else 0 :]


def view_of(random, base):
    kind = random.below(4)
    if kind == 0:
        return base.select(0, random.below(16)).expand(3, -1)
    if kind == 1:
        return base.transpose(0, 1)
    if kind == 2:
        return base.as_strided((4, 4), (1, 1), random.below(16))
    return base[:, random.below(8) : 16 : 2]


def views(_, count):
    made = []
    for i in range(count):
        start = i % VIEWS_OF_A_BASE
        if start == 0:
            base = empty([VIEWS_OF_A_BASE + 4])
        made.append(base[start : start + 4])
    return made


def replayed_views(random, count):
    with torch.autograd._force_original_view_tracking(True):
        return views(random, count)


def chains(random, count):
    tensors = []
    while len(tensors) < count:
        view = empty([64, 64])
        tensors.append(view)
        for _ in range(1 + random.below(MAX_DEPTH)):
            if len(tensors) == count:
                break
            view = deeper(random, view)
            tensors.append(view)
    return tensors


def forest(random, count):
    tensors = []
    while len(tensors) < count:
        base = last = empty([16, 16])
        tensors.append(base)
        for _ in range(random.below(33)):
            if len(tensors) == count:
                break
            last = deeper(random, last) if random.below(2) == 0 else view_of(random, base)
            tensors.append(last)
    return tensors


def shared_storage(_, count):
    storage = empty([count + 4]).untyped_storage()
    return [empty([0]).set_(storage, i, (4,), (1,)) for i in range(count)]


# graphs/checkpoint_tensors.cc


def tensors_in(value):
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        yield from itertools.chain.from_iterable(map(tensors_in, value.values()))
    elif isinstance(value, (list, tuple)):
        yield from itertools.chain.from_iterable(map(tensors_in, value))


def checkpoint(path):
    if path.endswith(".safetensors"):
        from safetensors.torch import load_file

        return list(tensors_in(load_file(path)))
    return list(tensors_in(torch.load(path, map_location="cpu", weights_only=False)))


MAKERS = {
    "tiny": many(tiny),
    "complex": many(complex_tensor),
    "conjugate": many(conjugate),
    "sparse_coo": many(sparse_coo),
    "sparse_csr": many(sparse_csr),
    "mix": many(any_kind),
    "parameters": parameters,
    "training": training,
    "views": views,
    "replayed_views": replayed_views,
    "chains": chains,
    "forest": forest,
    "shared_storage": shared_storage,
}


def shuffle(random, tensors):
    for i in range(len(tensors), 1, -1):
        j = random.below(i)
        tensors[i - 1], tensors[j] = tensors[j], tensors[i - 1]


def make_graph(name, seed, size):
    if name.startswith("checkpoint:"):
        return checkpoint(name.removeprefix("checkpoint:"))
    random = Random(seed)
    tensors = MAKERS[name.removesuffix("/shuffled")](random, size)
    if name.endswith("/shuffled"):
        shuffle(random, tensors)
    return tensors


class Fingerprint:
    """The hash of graphs/fingerprint.h."""

    def __init__(self):
        self.value = 0xCBF29CE484222325
        self.tensors = {}
        self.storages = {}

    def add(self, *words):
        for word in words:
            self.value = (self.value ^ word) * 0x100000001B3 & MASK

    def add_type(self, tensor):
        self.add(tensor.element_size(), tensor.is_floating_point(), tensor.is_complex(), tensor.is_conj())
        self.add(tensor.ndim, *tensor.shape)

    def add_strided(self, tensor):
        self.add_type(tensor)
        storage = tensor.untyped_storage()
        index = self.storages.setdefault(storage._cdata, len(self.storages))
        self.add(*tensor.stride(), tensor.storage_offset(), index, storage.nbytes())

    def add_parts(self, tensor):
        if tensor.layout == torch.sparse_coo:
            self.add(1)
            self.add_type(tensor)
            parts = [tensor._indices(), tensor._values()]
        elif tensor.layout == torch.sparse_csr:
            self.add(2)
            self.add_type(tensor)
            parts = [tensor.crow_indices(), tensor.col_indices(), tensor.values()]
        else:
            self.add(0)
            parts = [tensor]
        for part in parts:
            self.add_strided(part)

    def add_tensor(self, tensor):
        seen = len(self.tensors)
        index = self.tensors.setdefault(tensor._cdata, seen)
        self.add(index)
        if index < seen:
            return
        self.add_parts(tensor)
        self.add(tensor.requires_grad, tensor.is_leaf, tensor._is_view())
        if tensor._is_view():
            self.add_tensor(tensor._base)
        grad = tensor.grad if tensor.is_leaf else None
        self.add(grad is not None)
        if grad is not None:
            self.add_tensor(grad)


def fingerprint(tensors):
    result = Fingerprint()
    for tensor in tensors:
        result.add_tensor(tensor)
    return result.value
