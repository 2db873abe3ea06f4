"""cc_test for programs of several files, which the sanitizer configs compile in groups.

    load("//tests/unity:cc_test.bzl", "cc_test")

    cc_test(
        name = "meta_test",
        srcs = ["as_json_test.cc", "equal_test.cc", ...],
        deps = [...],
    )

Most of the time of compiling a test is spent on the headers of LibTorch, Abseil and GoogleTest, and on the templates
that each file instantiates again. With --define=unity_tests=true, which .bazelrc sets for the sanitizers, up to
_GROUP_SIZE files are compiled as one. This halves the time.

The normal build compiles each file alone. It checks that a file includes what it uses, and recompiles only the files
that have changed.
"""

load("@rules_cc//cc:defs.bzl", native_cc_test = "cc_test")

# Larger groups save little more, and take longer than the rest of the build on a machine with many cores.
_GROUP_SIZE = 4

def _unity_file(name, srcs):
    """Generates NAME from the files `srcs`.

    Files of one program may use the same names in their anonymous namespaces, so each such namespace is put into a named
    one. It stays anonymous, because the files of the program's other groups are in namespaces of the same names. The
    compiler's messages name the original files and lines.

    A function in such a namespace must not differ only in its optional parameters from one in a header that another
    file of the program includes: calls would be ambiguous.
    """
    commands = []
    for i, src in enumerate(srcs):
        commands += [
            "echo '#line 1 \"$(execpath %s)\"'" % src,
            "sed -e 's/^namespace {$$/namespace unity_%d { namespace {/'" % i +
            " -e 's|^}  // namespace$$|} }  // namespace|' $(execpath %s)" % src,
        ]
    native.genrule(
        name = name.replace(".cc", ""),
        testonly = True,
        srcs = srcs,
        outs = [name],
        cmd = "(set -e; %s) >$@" % "; ".join(commands),
        # Generated only if a test needs it, not for `//...`.
        tags = ["manual"],
        visibility = ["//visibility:private"],
    )

def cc_test(name, srcs, **kwargs):
    """A cc_test.

    Args:
      name: as for the native rule.
      srcs: files of this package. A list: select() is not supported.
      **kwargs: as for the native rule.
    """
    headers = [src for src in srcs if src.endswith(".h")]
    sources = [src for src in srcs if src not in headers]
    if len(sources) == 1:
        native_cc_test(name = name, srcs = srcs, **kwargs)
        return

    count = (len(sources) + _GROUP_SIZE - 1) // _GROUP_SIZE
    unity_files = ["%s_unity_%d.cc" % (name, i) for i in range(count)]
    for i, unity_file in enumerate(unity_files):
        # Every count-th file, so that the groups have nearly the same size.
        _unity_file(unity_file, sources[i::count])

    native_cc_test(
        name = name,
        srcs = select({
            "//tests/unity:enabled": unity_files + headers,
            "//conditions:default": srcs,
        }),
        **kwargs
    )
