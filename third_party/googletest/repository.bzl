"""@com_google_googletest//:gtest and :gtest_main, built from the system's sources.

It is built from source, not taken from the packaged libraries, so that sanitizers
instrument it: ThreadSanitizer reports false races with an uninstrumented GoogleTest.
"""

load("//third_party:system.bzl", "require_file")

# The targets and their flags are those of GoogleTest's own BUILD.bazel.
_BUILD = """\
load("@rules_cc//cc:defs.bzl", "cc_library")

package(default_visibility = ["//visibility:public"])

cc_library(
    name = "gtest",
    srcs = glob(
        [
            "googletest/src/*.cc",
            "googletest/src/*.h",
            "googlemock/src/*.cc",
        ],
        exclude = [
            "googletest/src/gtest-all.cc",
            "googletest/src/gtest_main.cc",
            "googlemock/src/gmock-all.cc",
            "googlemock/src/gmock_main.cc",
        ],
    ),
    hdrs = glob([
        "googletest/include/gtest/**/*.h",
        "googlemock/include/gmock/**/*.h",
    ]),
    copts = ["-w"],
    includes = [
        "googletest",
        "googletest/include",
        "googlemock",
        "googlemock/include",
    ],
    linkopts = ["-lpthread"],
)

cc_library(
    name = "gtest_main",
    srcs = ["googlemock/src/gmock_main.cc"],
    deps = [":gtest"],
)
"""

def _impl(rctx):
    marker = require_file(
        rctx,
        ["/usr/src/googletest"],
        "googlemock/src/gmock_main.cc",
        "GoogleTest's source code",
        "googletest",
    )
    root = marker.dirname.dirname.dirname
    for part in ["googletest", "googlemock"]:
        for folder in ["src", "include"]:
            rctx.symlink(root.get_child(part).get_child(folder), part + "/" + folder)
    rctx.file("BUILD", _BUILD)

system_googletest = repository_rule(
    implementation = _impl,
    doc = "GoogleTest, from the sources installed on the system.",
    local = True,
)
