"""The dependencies of metaconv, for its own WORKSPACE and for yours.

    load("@metaconv//third_party:dependencies.bzl", "metaconv_dependencies")

    metaconv_dependencies()

Repositories that your WORKSPACE defines before this call are not changed: to use your
own Abseil, GoogleTest, LibTorch, ..., define them first.
"""

load("//third_party/abseil:repository.bzl", "system_abseil")
load("//third_party/bazel:repository.bzl", "bazel_rules", "remote_coverage_tools_stub", "rules_cc_shim")
load("//third_party/benchmark:repository.bzl", "system_benchmark")
load("//third_party/cuda:repository.bzl", "cuda_configure")
load("//third_party/googletest:repository.bzl", "system_googletest")
load("//third_party/libmd:repository.bzl", "system_libmd")
load("//third_party/libtorch:repository.bzl", "libtorch", "libtorch_version")
load("//third_party/libzip:repository.bzl", "system_libzip")
load("//third_party/nlohmann_json:repository.bzl", "system_nlohmann_json")
load("//third_party/pypi_files:repository.bzl", "pypi_checkpoint_files")
load("//third_party/simdjson:repository.bzl", "system_simdjson")
load("//third_party/tlparse:repository.bzl", "tlparse_binary")
load("//third_party/zlib:repository.bzl", "system_zlib")

def _maybe(repository_rule, name, **kwargs):
    if not native.existing_rule(name):
        repository_rule(name = name, **kwargs)

def metaconv_dependencies():
    """Defines each repository that is not defined yet."""

    # Required by Bazel 4 before it compiles any C++.
    _maybe(rules_cc_shim, name = "rules_cc")
    _maybe(bazel_rules, name = "rules_java", rules = "java")
    _maybe(bazel_rules, name = "rules_proto", rules = "proto")
    _maybe(remote_coverage_tools_stub, name = "remote_coverage_tools")

    _maybe(libtorch_version, name = "libtorch_version")
    _maybe(libtorch, name = "libtorch")
    _maybe(cuda_configure, name = "local_cuda")
    _maybe(system_abseil, name = "com_google_absl")
    _maybe(system_googletest, name = "com_google_googletest")
    _maybe(system_benchmark, name = "com_github_google_benchmark")
    _maybe(system_nlohmann_json, name = "com_github_nlohmann_json")
    _maybe(system_simdjson, name = "com_github_simdjson")
    _maybe(system_libmd, name = "libmd")
    _maybe(system_libzip, name = "libzip")
    _maybe(system_zlib, name = "zlib")

    # Downloaded only if a test needs them.
    pypi_checkpoint_files()
    _maybe(tlparse_binary, name = "tlparse")
