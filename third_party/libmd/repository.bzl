"""@libmd//:md: MD5, from the header and the shared library of the system.

PyTorch's structured logs contain the MD5 of each payload. Neither LibTorch nor
Abseil has MD5 (c10 has only SHA-1). libmd is the smallest library that has it:
public-domain and BSD code without dependencies, which Debian's dpkg also uses.
OpenSSL's libcrypto is a hundred times larger (4.7 MB), and disables MD5 if the
system is in FIPS mode.
"""

load("//third_party:system.bzl", "require_file", "system_layout")

_BUILD = """\
load("@rules_cc//cc:defs.bzl", "cc_library")

package(default_visibility = ["//visibility:public"])

cc_library(
    name = "md",
    srcs = ["lib/libmd.so"],
    hdrs = ["include/md5.h"],
    includes = ["include"],
)
"""

def _impl(rctx):
    layout = system_layout(rctx)
    rctx.symlink(
        require_file(rctx, layout.include, "md5.h", "libmd's header", "libmd-dev"),
        "include/md5.h",
    )
    rctx.symlink(
        require_file(rctx, layout.lib, "libmd.so", "libmd", "libmd-dev"),
        "lib/libmd.so",
    )
    rctx.file("BUILD", _BUILD)

system_libmd = repository_rule(
    implementation = _impl,
    doc = "The libmd of the system.",
    local = True,
)
