"""@tlparse//:tlparse: the parser of PyTorch's structured logs, for tests.

    load("@metaconv//third_party/tlparse:repository.bzl", "tlparse_binary")

    tlparse_binary(name = "tlparse")

    data = ["@tlparse//:tlparse"]

The program from the tlparse wheel. It is downloaded when a test that uses it is
built, and cached: see //third_party/pypi. BSD licence.
"""

load("//third_party/pypi:wheel.bzl", "WHEEL_ENVIRON", "wheel_folder")

_VERSION = "0.4.3"

def _impl(rctx):
    folder = wheel_folder(
        rctx,
        package = "tlparse",
        version = _VERSION,
        sha256 = "cf0b613cf91ddc74b8e20b23f09d70fa5f1426a2019dce7e4139ae28a2b9053c",
        python_version = "312",
        platforms = ["manylinux_2_17_x86_64", "manylinux2014_x86_64"],
        keep = ["*/scripts/tlparse"],
    )

    # Copied, because the cache may be deleted at any time.
    program = "%s/tlparse-%s.data/scripts/tlparse" % (folder, _VERSION)
    result = rctx.execute(["install", "-D", "-m", "755", program, "tlparse"])
    if result.return_code != 0:
        fail("\n@%s: %s" % (rctx.name, result.stderr.strip()))
    rctx.file("BUILD", "exports_files([\"tlparse\"])\n")

tlparse_binary = repository_rule(
    implementation = _impl,
    environ = WHEEL_ENVIRON,
    doc = "The tlparse program.",
)
