"""benchmark_binary: a Google Benchmark binary, and a test that runs it."""

load("@rules_cc//cc:defs.bzl", "cc_binary")

def benchmark_binary(name, srcs, deps, test_args = ["--sizes=100"], test_size = "medium"):
    """Defines the binary `name`, and NAME_test, which runs each of its benchmarks for the shortest possible time.

    Args:
      name: name of the binary.
      srcs: sources.
      deps: libraries.
      test_args: flags that keep the test short: small sizes, or a filter.
      test_size: size of the test, also under sanitizers.
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
