"""Real checkpoint files for tests, from PyPI packages that contain them.

    load("@metaconv//third_party/pypi_files:repository.bzl", "pypi_checkpoint_files")

    pypi_checkpoint_files()

    data = ["@pypi_silero_vad//:silero_vad/data/silero_vad.jit"]

Each package is a repository. It is downloaded when a test that uses one of its files is
built, and then kept in the cache: see //third_party/pypi. The package and each of its
files are verified against the SHA-256 below. Nothing in a package is installed or run.
All packages are under the MIT or a BSD licence.
"""

load("//third_party/pypi:wheel.bzl", "WHEEL_ENVIRON", "wheel_folder")

_PACKAGES = [
    struct(
        package = "admet-ai",
        version = "2.0.1",
        sha256 = "fef3527f637abb00d272cf824e8eef0136fe31ebde6c56881f1a8c02c0417806",
        files = {
            "admet_ai/resources/models/admet_regression/model_0.pt": "c709dc4526dc7f6cf39cea64190f63adbb2b95e280d34582c492fc53da64a1a4",
        },
    ),
    struct(
        package = "facenet-pytorch",
        version = "2.6.0",
        sha256 = "ecb82b27beb226d106f2219efe8f829b01b87a8595badd01545679bdb9f19cca",
        files = {
            "facenet_pytorch/data/pnet.pt": "a2a71925e0b9996a42f63e47efc1ca19043e69558b5c523b978d611dfae49c8f",
        },
    ),
    struct(
        package = "lpips",
        version = "0.1.4",
        sha256 = "fd537af5828b69d2e6ffc0a397bd506dbc28ca183543617690844c08e102ec5e",
        files = {
            "lpips/weights/v0.0/alex.pth": "18720f55913d0af89042f13faa7e536a6ce1444a0914e6db9461355ece1e8cd5",
            "lpips/weights/v0.1/alex.pth": "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0",
        },
    ),
    struct(
        package = "sceptr",
        version = "1.2.0",
        sha256 = "aba652a9fb53861d5170cc1ad99a284852da8899328f4b4fd80e78f595d250d5",
        files = {
            "sceptr/_model_saves/SCEPTR_tiny/state_dict.pt": "f125156ef80f596f052fcc39baec45fcf96b035a017996cd49db74660c220da1",
        },
    ),
    struct(
        package = "silero-vad",
        version = "6.2.3",
        sha256 = "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8",
        files = {
            "silero_vad/data/silero_vad.jit": "e1122837f4154c511485fe0b9c64455f7b929c96fbb8d79fbdb336383ebd3720",
            "silero_vad/data/silero_vad_16k.safetensors": "c59271c284ae9c8335d795d60e0bfdb71aaaceec578d9bd9ffc1b8153c319ea1",
        },
    ),
]

def _run(rctx, command):
    result = rctx.execute(command)
    if result.return_code != 0:
        fail("\n@%s: %s" % (rctx.name, result.stderr.strip()))
    return result.stdout

def _impl(rctx):
    folder = wheel_folder(
        rctx,
        package = rctx.attr.package,
        version = rctx.attr.version,
        sha256 = rctx.attr.sha256,
        # These wheels are the same for every Python version. Naming one prevents pip
        # from checking whether the package would run on this machine.
        python_version = "312",
        keep = rctx.attr.files.keys(),
    )
    for name, sha256 in rctx.attr.files.items():
        # A copy instead of a link, because the cache may be deleted at any time.
        path = "%s/%s" % (folder, name)
        _run(rctx, ["install", "-D", "-m", "644", path, name])
        found = _run(rctx, ["sha256sum", name]).split(" ")[0]
        if found != sha256:
            fail("\n".join([
                "",
                "@%s: %s is not the pinned file." % (rctx.name, path),
                "  SHA-256 expected %s" % sha256,
                "  SHA-256 found    %s" % found,
                "  to fix it:  rm -r %s" % folder,
            ]))
    rctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % rctx.name)
    rctx.file("BUILD", "exports_files(%s)\n" % repr(rctx.attr.files.keys()))

pypi_files = repository_rule(
    implementation = _impl,
    attrs = {
        "files": attr.string_dict(mandatory = True, doc = "Path in the wheel -> SHA-256."),
        "package": attr.string(mandatory = True),
        "sha256": attr.string(mandatory = True, doc = "SHA-256 of the wheel."),
        "version": attr.string(mandatory = True),
    },
    environ = WHEEL_ENVIRON,
    doc = "Files of a wheel.",
)

def pypi_checkpoint_files():
    """Defines @pypi_admet_ai, @pypi_facenet_pytorch, @pypi_lpips, @pypi_sceptr and @pypi_silero_vad."""
    for entry in _PACKAGES:
        name = "pypi_" + entry.package.replace("-", "_")
        if not native.existing_rule(name):
            pypi_files(
                name = name,
                files = entry.files,
                package = entry.package,
                sha256 = entry.sha256,
                version = entry.version,
            )
