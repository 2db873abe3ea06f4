"""The two graphs in an answer to a recipe, records and results, in one form; and a walk through two graphs at once.

A graph is a table of nodes. A node has fields, which are plain values, and links to other nodes. A source is a name for
one of the nodes. Needs no PyTorch.
"""

import dataclasses

RECORD_LINKS = ("unwrapped", "crow_indices", "col_indices", "ccol_indices", "row_indices", "values", "base", "grad")
NOT_FIELDS = {"id", "storage", "attrs", *RECORD_LINKS}


@dataclasses.dataclass(frozen=True)
class Node:
    fields: dict
    links: dict  # Name -> key of another node.


@dataclasses.dataclass(frozen=True)
class Graph:
    sources: dict  # Name -> key of a node, or None.
    nodes: dict

    def reached(self, key):
        """The keys of the nodes that can be reached from the node `key`, and `key`."""
        seen = {}
        waiting = [key]
        while waiting:
            key = waiting.pop()
            if key in self.nodes and key not in seen:
                seen[key] = None
                waiting.extend(self.nodes[key].links.values())
        return seen

    def labels(self):
        """Node -> how it is reached: 'x', 'x'.base, 'x'.base.storage."""
        labels = {}
        for name, key in self.sources.items():
            if key is not None:
                labels.setdefault(key, repr(name))
        waiting = list(labels)
        for key in waiting:  # Grows.
            for link, target in self.nodes[key].links.items():
                if target in self.nodes and target not in labels:
                    labels[target] = f"{labels[key]}.{link}"
                    waiting.append(target)
        return labels


def without_none(links):
    return {name: key for name, key in links.items() if key[1] is not None}


def record_graph(describe):
    """The graph of the part `describe` of an answer."""
    nodes = {}
    for storage in describe["storages"]:
        nodes["storage", storage["id"]] = Node({key: value for key, value in storage.items() if key != "id"}, {})
    for record in describe["tensors"]:
        links = {name: ("tensor", record.get(name)) for name in RECORD_LINKS}
        links |= {f"attrs.{name}": ("tensor", inner) for name, inner in record.get("attrs", {}).items()}
        links["storage"] = ("storage", record.get("storage"))
        fields = {key: value for key, value in record.items() if key not in NOT_FIELDS}
        if "view_func" in fields:
            fields["view_func"] = view_function_name(fields["view_func"])
        nodes["tensor", record["id"]] = Node(fields, without_none(links))
    return Graph(sources(describe), nodes)


def result_graph(convert):
    """The graph of the part `convert` of an answer."""
    nodes = {}
    for index, storage in enumerate(convert["storages"]):
        nodes["storage", index] = Node(dict(storage), {})
    for index, result in enumerate(convert["tensors"]):
        fields = {key: value for key, value in result.items() if key not in ("storage", "base", "grad", "attrs")}
        links = {name: ("tensor", result[name]) for name in ("base", "grad")}
        links |= {f"attrs.{name}": ("tensor", inner) for name, inner in (result["attrs"] or {}).items()}
        links["storage"] = ("storage", result["storage"])
        for wrapper in ("functorch", "functional"):
            if fields[wrapper] is not None:
                links["unwrapped"] = ("tensor", fields[wrapper]["unwrapped"])
                fields[wrapper] = {key: value for key, value in fields[wrapper].items() if key != "unwrapped"}
        nodes["tensor", index] = Node(fields, without_none(links))
    return Graph(sources(convert), nodes)


def sources(part):
    return {name: None if key is None else ("tensor", key) for name, key in part["names"].items()}


def view_function_name(view_function):
    """The record of a view function ends in an address."""
    return str(view_function).partition("(")[0]


class Walk:
    """Follows the links of two graphs at once, from pairs of nodes that are to be equal.

    `visit(path, left, right)` is called once for each pair of keys that links of the same names lead to. A node is to
    have one counterpart only: `other_identity(path, link)` is called for a pair with a node that has another one.
    `other_link(path, link, is_left)` is called for a link that only the left or only the right node has. The walk
    ignores the links of a left node for which `follows(path, link, node)` does not hold.
    """

    def __init__(self, left, right, visit, other_identity, other_link, follows=lambda path, link, node: True):
        self._graphs = (left, right)
        self._visit, self._other_identity, self._other_link = visit, other_identity, other_link
        self._follows = follows
        self._right_of, self._left_of = {}, {}
        self._seen = set()

    def start(self, path, left, right):
        waiting = [(path, None, left, right)]
        while waiting:
            path, link, left, right = waiting.pop()
            if (left, right) in self._seen:
                continue
            self._seen.add((left, right))
            if self._right_of.setdefault(left, right) != right or self._left_of.setdefault(right, left) != left:
                self._other_identity(path, link)
            self._visit(path, left, right)
            nodes = [graph.nodes[key] for graph, key in zip(self._graphs, (left, right))]
            links = [node.links for node in nodes]
            for name in {**links[0], **links[1]}:
                if not self._follows(path, name, nodes[0]):
                    continue
                if name in links[0] and name in links[1]:
                    waiting.append((f"{path}.{name}", name, links[0][name], links[1][name]))
                else:
                    self._other_link(path, name, name in links[0])
