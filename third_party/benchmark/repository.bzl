"""@com_github_google_benchmark//:benchmark and :benchmark_main from the system."""

load("//third_party:system.bzl", "find_file", "require_file", "system_layout")

_BUILD = """\
load("@rules_cc//cc:defs.bzl", "cc_library")

package(default_visibility = ["//visibility:public"])

cc_library(
    name = "benchmark",
    srcs = ["lib/{benchmark}"],
    hdrs = glob(["include/benchmark/*.h"]),
    defines = [{defines}],
    includes = ["include"],
    linkopts = ["-lpthread"],
)

cc_library(
    name = "benchmark_main",
    srcs = ["lib/{benchmark_main}"],
    deps = [":benchmark"],
)
"""

def _library(rctx, layout, name):
    path = find_file(rctx, layout.lib, name + ".a")
    if path == None:
        path = require_file(rctx, layout.lib, name + ".so", "Google Benchmark", "libbenchmark-dev")
    rctx.symlink(path, "lib/" + path.basename)
    return path

def _impl(rctx):
    layout = system_layout(rctx)
    header = require_file(
        rctx,
        layout.include,
        "benchmark/benchmark.h",
        "Google Benchmark",
        "libbenchmark-dev",
    )
    rctx.symlink(header.dirname, "include/benchmark")
    benchmark = _library(rctx, layout, "libbenchmark")
    main = _library(rctx, layout, "libbenchmark_main")
    rctx.file("BUILD", _BUILD.format(
        benchmark = benchmark.basename,
        benchmark_main = main.basename,
        # Without it, the header of 1.8 and newer declares the symbols as imported from a shared library.
        defines = "\"BENCHMARK_STATIC_DEFINE\"" if benchmark.basename.endswith(".a") else "",
    ))

system_benchmark = repository_rule(
    implementation = _impl,
    doc = "Google Benchmark, as installed on the system.",
    local = True,
)
