"""@com_google_absl under upstream's labels, from the system's Abseil.

Abseil installs one pkg-config file for each of its targets, with the targets it
depends on. This rule turns them into cc_library targets in the root package, so
that link order is right for whatever version is installed, and puts an alias at
each public label that has a file.
"""

load("//third_party:system.bzl", "find_file", "read_pc", "require_file", "system_layout", "words")
load(":labels.bzl", "ABSEIL_LABELS")

_ROOT_HEADER = """\
load("@rules_cc//cc:defs.bzl", "cc_library")

package(default_visibility = ["//:__subpackages__"])

cc_library(
    name = "headers",
    hdrs = glob([
        "include/absl/**/*.h",
        "include/absl/**/*.inc",
    ]),
    includes = ["include"],
)
"""

_TARGET = """
cc_library(
    name = "{name}",
    srcs = {srcs},
    linkopts = {linkopts},
    deps = {deps},
)
"""

_ALIAS = """
alias(
    name = "{name}",
    actual = "//:{actual}",
)
"""

def _convert(rctx, name, pc, known, lib_folders):
    """One pkg-config file -> the text of one cc_library."""
    srcs = []
    linkopts = []
    for flag in pc.libs:
        if flag.startswith("-labsl_"):
            stem = "lib" + flag[len("-l"):]

            # Prefer the shared library. Debian's static libraries are not position
            # independent, so they cannot be linked into a shared library.
            path = find_file(rctx, lib_folders, stem + ".so") or require_file(
                rctx,
                lib_folders,
                stem + ".a",
                "an Abseil library",
                "libabsl-dev",
            )
            rctx.symlink(path, "lib/" + path.basename)
            srcs.append("lib/" + path.basename)
        elif not flag.startswith("-L"):
            linkopts.append(flag)
    return _TARGET.format(
        name = name,
        srcs = repr(srcs),
        linkopts = repr(linkopts),
        deps = repr([":headers"] + [":" + other for other in pc.requires if other in known]),
    )

def _inline_namespace(rctx, header):
    """The namespace inside `absl` that the symbols of this version carry, or ""."""
    enabled = ""
    name = ""
    for line in rctx.read(header.dirname.get_child("options.h")).split("\n"):
        parts = words(line)
        if len(parts) == 3 and parts[:2] == ["#define", "ABSL_OPTION_USE_INLINE_NAMESPACE"]:
            enabled = parts[2]
        elif len(parts) == 3 and parts[:2] == ["#define", "ABSL_OPTION_INLINE_NAMESPACE_NAME"]:
            name = parts[2]
    return name if enabled == "1" else ""

def _impl(rctx):
    layout = system_layout(rctx)
    header = require_file(
        rctx,
        layout.include,
        "absl/base/config.h",
        "Abseil",
        "libabsl-dev",
    )
    rctx.symlink(header.dirname.dirname, "include/absl")

    pc_folders = [folder + "/pkgconfig" for folder in layout.lib + layout.share]
    pc_folder = require_file(
        rctx,
        pc_folders,
        "absl_base.pc",
        "Abseil's pkg-config files",
        "libabsl-dev",
    ).dirname
    pcs = {}
    for path in pc_folder.readdir():
        if path.basename.startswith("absl_") and path.basename.endswith(".pc"):
            pcs[path.basename[:-len(".pc")]] = read_pc(rctx, path)

    lib_folders = [str(pc_folder.dirname)] + layout.lib
    rctx.file("WORKSPACE", "workspace(name = \"com_google_absl\")\n")
    rctx.file("BUILD", _ROOT_HEADER + "".join([
        _convert(rctx, name, pcs[name], pcs, lib_folders)
        for name in sorted(pcs)
    ]))
    rctx.file("info.bzl", "INLINE_NAMESPACE = %s\n" % repr(_inline_namespace(rctx, header)))
    for package, targets in ABSEIL_LABELS.items():
        rctx.file("absl/%s/BUILD" % package, "\n".join(
            ["package(default_visibility = [\"//visibility:public\"])"] + [
                _ALIAS.format(name = name, actual = actual)
                for name, actual in targets.items()
                if actual in pcs
            ],
        ))

system_abseil = repository_rule(
    implementation = _impl,
    doc = "Abseil as the system has it, under upstream's labels.",
    local = True,
)
