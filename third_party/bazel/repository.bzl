"""The repositories that Bazel 4 requires before it builds any C++.

Upstream Bazel downloads them. Debian's Bazel builds without network access. Two of
the four repositories are Debian packages. rules_cc is a shim over the native rules,
because Debian's rules_cc is too new for its Bazel. remote_coverage_tools is an empty
stub, because nothing here collects coverage.
"""

def _rules_cc_shim_impl(rctx):
    rctx.file("WORKSPACE", "workspace(name = \"rules_cc\")\n")
    rctx.file("BUILD", "")
    rctx.file("cc/BUILD", "")
    rctx.symlink(Label("//third_party/bazel:rules_cc_defs.bzl"), "cc/defs.bzl")

rules_cc_shim = repository_rule(
    implementation = _rules_cc_shim_impl,
    doc = "rules_cc as a shim over Bazel's native C++ rules.",
)

def _bazel_rules_impl(rctx):
    source = rctx.path("/usr/share/bazel/rules/" + rctx.attr.rules)
    if not source.exists:
        fail("\n".join([
            "",
            "@%s: Bazel's %s rules were not found." % (rctx.name, rctx.attr.rules),
            "  looked for: %s" % source,
            "  to fix it:  apt-get install bazel-rules-%s (./bazelw does this for you)" % rctx.attr.rules,
            "              or define '%s' yourself before metaconv_dependencies()." % rctx.name,
        ]))
    for entry in source.readdir():
        rctx.symlink(entry, entry.basename)

bazel_rules = repository_rule(
    implementation = _bazel_rules_impl,
    attrs = {"rules": attr.string(mandatory = True, doc = "Which rule set: java or proto.")},
    doc = "A rule set installed by the system's Bazel packages.",
    local = True,
)

def _remote_coverage_tools_stub_impl(rctx):
    rctx.file("WORKSPACE", "workspace(name = \"remote_coverage_tools\")\n")
    rctx.file("BUILD", """\
package(default_visibility = ["//visibility:public"])

filegroup(name = "coverage_output_generator")

filegroup(name = "coverage_report_generator")
""")

remote_coverage_tools_stub = repository_rule(
    implementation = _remote_coverage_tools_stub_impl,
    doc = "An empty stub: each cc_test depends on it, but only `bazel coverage` uses it.",
)
