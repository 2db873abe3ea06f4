"""@libmd//:md from the system: MD5, as headers and the shared library.

PyTorch's structured logs have the MD5 of each payload, and neither LibTorch nor
Abseil computes it (c10 has SHA-1 only). Of the libraries that do, libmd is the
smallest: public-domain and BSD code without further dependencies, which Debian's
own dpkg is linked with. OpenSSL's libcrypto is a hundred times its size (4.7 MB),
and refuses MD5 where the system is in FIPS mode.
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
    doc = "libmd as the system has it.",
    local = True,
)
