"""benchmark_binary: a Google Benchmark binary, and a test that it runs."""

load("@rules_cc//cc:defs.bzl", "cc_binary")

def benchmark_binary(name, srcs, deps, test_args = ["--sizes=100"], test_size = "medium"):
    """Defines `name`, and NAME_test that runs each benchmark in it for as short as it goes.

    Args:
      name: of the binary.
      srcs: its sources.
      deps: its libraries.
      test_args: what makes the test quick: small sizes, or a filter.
      test_size: how long it may take, under sanitizers too.
    """
    cc_binary(
        name = name,
        testonly = True,
        srcs = srcs,
        deps = deps,
    )
    native.sh_test(
        name = name + "_test",
        size = test_size,
        srcs = ["benchmark_test.sh"],
        args = ["$(rootpath :%s)" % name] + test_args,
        data = [":" + name],
    )
