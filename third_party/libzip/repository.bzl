"""@libzip//:zip from the system: headers and the shared library. Tests use it to write archives."""

load("//third_party:system.bzl", "require_file", "system_layout")

_BUILD = """\
load("@rules_cc//cc:defs.bzl", "cc_library")

package(default_visibility = ["//visibility:public"])

cc_library(
    name = "zip",
    srcs = ["lib/libzip.so"],
    hdrs = glob(["include/zip*.h"]),
    includes = ["include"],
)
"""

def _impl(rctx):
    layout = system_layout(rctx)
    for header in ["zip.h", "zipconf.h"]:
        # zipconf.h depends on the architecture. Some systems install it next to the
        # library.
        folders = layout.include + [folder + "/libzip/include" for folder in layout.lib]
        rctx.symlink(
            require_file(rctx, folders, header, "libzip's header", "libzip-dev"),
            "include/" + header,
        )
    rctx.symlink(
        require_file(rctx, layout.lib, "libzip.so", "libzip", "libzip-dev"),
        "lib/libzip.so",
    )
    rctx.file("BUILD", _BUILD)

system_libzip = repository_rule(
    implementation = _impl,
    doc = "libzip, as installed on the system.",
    local = True,
)
