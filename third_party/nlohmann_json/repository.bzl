"""@com_github_nlohmann_json//:json from the system's headers."""

load("//third_party:system.bzl", "require_file", "system_layout")

_BUILD = """\
load("@rules_cc//cc:defs.bzl", "cc_library")

package(default_visibility = ["//visibility:public"])

cc_library(
    name = "json",
    hdrs = glob(["include/nlohmann/**/*.hpp"]),
    includes = ["include"],
)

alias(
    name = "nlohmann_json",
    actual = ":json",
)
"""

def _impl(rctx):
    header = require_file(
        rctx,
        system_layout(rctx).include,
        "nlohmann/json.hpp",
        "nlohmann/json",
        "nlohmann-json3-dev",
    )
    rctx.symlink(header.dirname, "include/nlohmann")
    rctx.file("BUILD", _BUILD)

system_nlohmann_json = repository_rule(
    implementation = _impl,
    doc = "nlohmann/json, as installed on the system.",
    local = True,
)
