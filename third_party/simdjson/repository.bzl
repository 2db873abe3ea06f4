"""@com_github_simdjson//:simdjson from the system: the header and the shared library."""

load("//third_party:system.bzl", "require_file", "system_layout")

_BUILD = """\
load("@rules_cc//cc:defs.bzl", "cc_library")

package(default_visibility = ["//visibility:public"])

cc_library(
    name = "simdjson",
    srcs = ["lib/libsimdjson.so"],
    hdrs = ["include/simdjson.h"],
    includes = ["include"],
)
"""

def _impl(rctx):
    layout = system_layout(rctx)
    rctx.symlink(
        require_file(rctx, layout.include, "simdjson.h", "simdjson's header", "libsimdjson-dev"),
        "include/simdjson.h",
    )
    rctx.symlink(
        require_file(rctx, layout.lib, "libsimdjson.so", "simdjson", "libsimdjson-dev"),
        "lib/libsimdjson.so",
    )
    rctx.file("BUILD", _BUILD)

system_simdjson = repository_rule(
    implementation = _impl,
    doc = "simdjson, as installed on the system.",
    local = True,
)
