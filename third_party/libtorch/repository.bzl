"""@libtorch: the headers and libraries of LibTorch.

    @libtorch//:c10       libc10 only, which loads in milliseconds
    @libtorch//:torch     c10 and ATen, autograd, ... (libtorch_cpu)
    @libtorch//:c10_cuda  the CUDA allocator and device guards, if HAS_CUDA
    @libtorch//:headers   headers only
    @libtorch//:info.bzl  TORCH_VERSION, CXX11_ABI, HAS_CUDA, CUDA_MAJOR

LibTorch is searched in this order:
  1. LIBTORCH, if set: the `torch` directory of an installed wheel, an unpacked
     libtorch archive, or a prefix such as /usr with a system package.
  2. The pinned wheel (versions.bzl), downloaded with pip and kept in the cache.

The version, the C++ ABI and whether there is CUDA are detected from the files.
"""

load("//third_party:system.bzl", "words")
load("//third_party/pypi:wheel.bzl", "WHEEL_ENVIRON", "wheel_folder")
load(":versions.bzl", "CUDA_WHEELS", "MINIMUM_VERSION", "TORCH_WHEEL")

# The directories of LibTorch's own headers. A prefix such as /usr has many other
# headers, and a wheel also contains headers of bundled libraries, which must not be
# included by accident.
_HEADER_FOLDERS = ["ATen", "c10", "caffe2", "torch"]

_VERSION_HEADERS = [
    "torch/headeronly/version.h",
    "torch/csrc/api/include/torch/version.h",
]

# Libraries of the compiler and the C library, for which each program uses the system's.
_TOOLCHAIN_LIBRARIES = [
    "ld-linux",
    "libc.",
    "libdl.",
    "libgcc_s.",
    "libm.",
    "libpthread.",
    "librt.",
    "libstdc++.",
]

def _fail(rctx, problem, details):
    fail("\n".join(["", "@%s: %s" % (rctx.name, problem)] + ["  " + line for line in details]))

def _run(rctx, command, what):
    result = rctx.execute(command)
    if result.return_code != 0:
        _fail(rctx, what + " failed:", [str(command), result.stderr.strip()])
    return result.stdout

def _readelf(rctx):
    path = rctx.which("readelf")
    if path == None:
        _fail(rctx, "readelf was not found on PATH.", ["to fix it: apt-get install binutils"])
    return path

def _locate(rctx):
    """Finds the headers and the libraries.

    Returns:
      struct(origin, include, lib, wheels): where it was found, for messages; the
      directory with ATen/, c10/ and torch/; the directory with libc10.so; the
      directories of further wheels, which are searched for needed libraries.
    """
    named = rctx.os.environ.get("LIBTORCH", "")
    if not named:
        torch = wheel_folder(rctx, **TORCH_WHEEL).get_child("torch")
        return struct(
            origin = "the wheel of torch %s" % TORCH_WHEEL["version"],
            include = torch.get_child("include"),
            lib = torch.get_child("lib"),
            wheels = [wheel_folder(rctx, **wheel) for wheel in CUDA_WHEELS],
        )

    if not named.startswith("/"):
        _fail(rctx, "LIBTORCH=%s is not an absolute path." % named, [])
    machine = _run(rctx, ["uname", "-m"], "uname").strip()
    includes = [named + "/include"]
    libs = [named + "/lib", named + "/lib/%s-linux-gnu" % machine, named + "/lib64"]
    include = _first(rctx, includes, "ATen/ATen.h")
    lib = _first(rctx, libs, "libc10.so")
    if include == None or lib == None:
        looked_for = []
        if include == None:
            looked_for.append("looked for: ATen/ATen.h in %s" % ", ".join(includes))
        if lib == None:
            looked_for.append("looked for: libc10.so in %s" % ", ".join(libs))
        _fail(rctx, "LIBTORCH=%s contains no LibTorch." % named, looked_for + [
            "to fix it:  set LIBTORCH to one of",
            "              the torch directory of an installed wheel (.../site-packages/torch)",
            "              an unpacked libtorch archive (.../libtorch)",
            "              the prefix of a system package (/usr, with libtorch-dev)",
            "            or unset it to download the pinned wheel with pip",
        ])
    return struct(origin = "LIBTORCH=" + named, include = include, lib = lib, wheels = [])

def _first(rctx, folders, name):
    for folder in folders:
        if rctx.path(str(folder) + "/" + name).exists:
            return rctx.path(str(folder))
    return None

def _version_header(rctx, found):
    """The header that defines TORCH_VERSION_MAJOR."""
    for name in _VERSION_HEADERS:
        header = rctx.path(str(found.include) + "/" + name)
        if header.exists and "define TORCH_VERSION_MAJOR" in rctx.read(header):
            return header
    return _fail(rctx, "cannot tell the version of %s." % found.origin, [
        "looked for: a definition of TORCH_VERSION_MAJOR",
        "in:         " + ", ".join(["%s/%s" % (found.include, name) for name in _VERSION_HEADERS]),
    ])

def _read_version(rctx, header):
    """The three numbers of the version."""
    numbers = {}
    for line in rctx.read(header).split("\n"):
        parts = words(line)
        if len(parts) == 3 and parts[0] == "#define" and parts[2].isdigit():
            numbers[parts[1]] = int(parts[2])
    return [numbers.get("TORCH_VERSION_" + part, 0) for part in ["MAJOR", "MINOR", "PATCH"]]

def _dynamic(rctx, library):
    """The soname and the needed libraries of a shared library, as struct(soname, needed)."""
    soname = library.basename
    needed = []
    for line in _run(rctx, [_readelf(rctx), "-d", "-W", str(library)], "readelf").split("\n"):
        if "[" not in line:
            continue
        value = line.split("[")[1].split("]")[0]
        if "(SONAME)" in line:
            soname = value
        elif "(NEEDED)" in line:
            needed.append(value)
    return struct(soname = soname, needed = needed)

def _uses_cxx11_abi(rctx, lib):
    symbols = _run(
        rctx,
        [_readelf(rctx), "--dyn-syms", "-W", str(lib.get_child("libc10.so"))],
        "readelf",
    )
    return "__cxx11" in symbols

def _system_libraries(rctx):
    """The sonames that the dynamic linker finds on the system."""
    for name in ["ldconfig", "/sbin/ldconfig", "/usr/sbin/ldconfig"]:
        ldconfig = rctx.which(name) if "/" not in name else rctx.path(name)
        if ldconfig != None and ldconfig.exists:
            lines = _run(rctx, [ldconfig, "-p"], "ldconfig").split("\n")
            return {words(line)[0]: True for line in lines if "=>" in line}
    return {}

def _neighbour_folders(rctx, found):
    """The directories in which the libraries of a wheel expect their dependencies, as in their RPATH."""
    folders = [found.lib]
    nvidia_roots = [found.lib.dirname.dirname.get_child("nvidia")]
    nvidia_roots += [wheel.get_child("nvidia") for wheel in found.wheels]
    for root in nvidia_roots:
        if root.exists:
            folders += [package.get_child("lib") for package in root.readdir()]
    return folders

def _closure(rctx, found, system, names):
    """The libraries `names`, and all libraries they need that the system does not have.

    Returns:
      A dict of label -> path, in the order found. Each label ends in the soname, which
      is the name that the dynamic linker searches for.
    """
    folders = _neighbour_folders(rctx, found)
    queue = [found.lib.get_child(name) for name in names]
    linked = {}
    missing = []
    for _ in range(1000):
        if not queue:
            break
        library = queue.pop(0)
        dynamic = _dynamic(rctx, library)
        label = "lib/" + dynamic.soname
        if label in linked:
            continue
        linked[label] = library
        for soname in dynamic.needed:
            if [True for prefix in _TOOLCHAIN_LIBRARIES if soname.startswith(prefix)]:
                continue
            path = _first(rctx, folders, soname)
            if path != None:
                queue.append(path.get_child(soname))
            elif soname not in system and soname not in missing:
                missing.append(soname)
    if missing:
        _fail(rctx, "%s needs libraries that were not found." % found.origin, [
            "looked for: " + ", ".join(missing),
            "in:         " + ", ".join([str(folder) for folder in folders if folder.exists]),
            "            and the system's libraries (ldconfig -p)",
            "to fix it:  install them next to it (for a wheel: pip install without",
            "            --no-deps), or as system libraries; or unset LIBTORCH",
        ])
    return linked

def _cuda_major(labels):
    """The major version of the CUDA runtime in `labels`, or 0 if they do not contain it."""
    for label in labels:
        if label.startswith("lib/libcudart.so."):
            return int(label.split(".")[2])
    return 0

def _link_headers(rctx, include):
    for name in _HEADER_FOLDERS:
        folder = include.get_child(name)
        if not folder.exists:
            continue
        target = "include/" + name
        strays = _run(
            rctx,
            ["find", "-L", str(folder), "-name", "BUILD", "-o", "-name", "BUILD.bazel"],
            "find",
        )
        if not strays:
            rctx.symlink(folder, target)
            continue

        # A BUILD file would make its directory another package, whose files this
        # package cannot use. So link the files one by one, except BUILD files.
        rctx.file(target + "/.keep", "")
        _run(rctx, ["cp", "-rsL", str(folder) + "/.", str(rctx.path(target))], "cp")
        _run(
            rctx,
            ["find", str(rctx.path(target)), "-name", "BUILD*", "-delete"],
            "find",
        )

def _impl(rctx):
    rctx.path(rctx.attr.version_header)
    found = _locate(rctx)
    parts = _read_version(rctx, _version_header(rctx, found))
    version = ".".join([str(part) for part in parts])
    if (parts[0], parts[1]) < MINIMUM_VERSION:
        _fail(rctx, "%s is LibTorch %s; metaconv needs %d.%d or newer." % (
            found.origin,
            version,
            MINIMUM_VERSION[0],
            MINIMUM_VERSION[1],
        ), ["to fix it: set LIBTORCH to a newer version, or unset it"])

    cxx11_abi = _uses_cxx11_abi(rctx, found.lib)
    system = _system_libraries(rctx)
    c10 = _closure(rctx, found, system, ["libc10.so"])
    torch = _closure(rctx, found, system, ["libtorch_cpu.so"])
    has_cuda = (
        found.lib.get_child("libc10_cuda.so").exists and
        found.include.get_child("c10").get_child("cuda").get_child("CUDAGuard.h").exists
    )
    c10_cuda = _closure(rctx, found, system, ["libc10_cuda.so"]) if has_cuda else {}
    libraries = {}
    for part in [c10, torch, c10_cuda]:
        libraries.update(part)
    for label, path in libraries.items():
        rctx.symlink(path, label)

    _link_headers(rctx, found.include)
    cuda_include = []
    for wheel in found.wheels:
        headers = wheel.get_child("nvidia").get_child("cu13").get_child("include")
        if headers.exists:
            rctx.symlink(headers, "cuda/include")
            cuda_include = ["cuda/include"]

    rctx.file("WORKSPACE", "workspace(name = \"libtorch\")\n")
    rctx.file("info.bzl", "\n".join([
        "\"\"\"What was found: %s.\"\"\"" % found.origin,
        "",
        "TORCH_VERSION = %s" % repr(version),
        "CXX11_ABI = %s" % repr(cxx11_abi),
        "HAS_CUDA = %s" % repr(has_cuda),
        "CUDA_MAJOR = %d" % _cuda_major(c10_cuda),
        "",
    ]))
    rctx.template("BUILD", Label("//third_party/libtorch:BUILD.libtorch"), {
        "%{c10}": repr(c10.keys()),
        "%{c10_cuda}": repr([label for label in c10_cuda if label not in c10]),
        "%{cuda_include}": repr(cuda_include),
        "%{cxx11_abi}": "1" if cxx11_abi else "0",
        "%{has_cuda}": repr(has_cuda),
        "%{torch}": repr([label for label in torch if label not in c10]),
    })

libtorch = repository_rule(
    implementation = _impl,
    attrs = {
        "version_header": attr.label(
            default = "@libtorch_version//:version.h",
            doc = "A dependency: this rule runs again if another LibTorch is installed in the same place.",
        ),
    },
    environ = ["LIBTORCH"] + WHEEL_ENVIRON,
    doc = "LibTorch from LIBTORCH or the pinned wheel.",
)

def _version_impl(rctx):
    rctx.file("BUILD", "exports_files([\"version.h\"])\n")
    rctx.symlink(_version_header(rctx, _locate(rctx)), "version.h")

# Bazel runs a repository rule again if a file that it uses by label has changed, but not
# if a file that it uses by path has. This repository gives LibTorch's version header a
# label.
libtorch_version = repository_rule(
    implementation = _version_impl,
    environ = ["LIBTORCH"] + WHEEL_ENVIRON,
    doc = "The version header of the LibTorch in @libtorch.",
    local = True,
)
