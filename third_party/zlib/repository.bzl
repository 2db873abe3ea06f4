"""@zlib//:zlib from the system: headers and the shared library."""

load("//third_party:system.bzl", "require_file", "system_layout")

_BUILD = """\
load("@rules_cc//cc:defs.bzl", "cc_library")

package(default_visibility = ["//visibility:public"])

cc_library(
    name = "zlib",
    srcs = ["lib/libz.so"],
    hdrs = glob(["include/*.h"]),
    includes = ["include"],
)
"""

def _impl(rctx):
    layout = system_layout(rctx)
    for header in ["zlib.h", "zconf.h"]:
        # zconf.h depends on the architecture. Newer systems install it in a directory named after the architecture.
        folders = layout.include + [folder.replace("/lib/", "/include/") for folder in layout.lib]
        rctx.symlink(
            require_file(rctx, folders, header, "zlib's header", "zlib1g-dev"),
            "include/" + header,
        )
    rctx.symlink(
        require_file(rctx, layout.lib, "libz.so", "zlib", "zlib1g-dev"),
        "lib/libz.so",
    )
    rctx.file("BUILD", _BUILD)

system_zlib = repository_rule(
    implementation = _impl,
    doc = "zlib, as installed on the system.",
    local = True,
)
