"""@local_cuda: a CUDA compiler that matches LibTorch, if there is one.

    @local_cuda//:runtime    LibTorch's libc10_cuda and the CUDA runtime, with headers
    @local_cuda//:cuobjdump  the program that lists the contents of an object file
    @local_cuda//:info.bzl   HAS_NVCC, HAS_CUOBJDUMP, WHY_NOT, NVCC, ARCHITECTURES

The compiler is searched in this order:
  1. CUDA_HOME, else CUDA_PATH, if set: a toolkit. It is an error if it has no nvcc.
  2. /usr/local/cuda, if it has a compiler for the CUDA version of @libtorch.
  3. The pinned wheels (versions.bzl), downloaded with pip and kept in the cache.
  4. None. HAS_NVCC is then False, and WHY_NOT is the reason. The library here, and all
     targets that depend on it, are incompatible: `bazel build //...` skips them.
If LibTorch has no CUDA, the result is 4 without a search.

METACONV_CUDA=pypi selects 3, METACONV_CUDA=none selects 4.
"""

load("//third_party/pypi:wheel.bzl", "WHEEL_ENVIRON", "try_wheel_folder")
load(":versions.bzl", "ARCHITECTURES", "COMPILER_WHEELS", "CUDA_MAJOR", "CUOBJDUMP_WHEEL")

_DEFAULT_HOME = "/usr/local/cuda"

# The directory of CUDA in a wheel.
_IN_WHEEL = "nvidia/cu%d" % CUDA_MAJOR

def _fail(rctx, problem, details):
    fail("\n".join(["", "@%s: %s" % (rctx.name, problem)] + ["  " + line for line in details]))

def _libtorch_cuda(rctx):
    """The major version of LibTorch's CUDA; 0 if unknown, None if it has no CUDA."""
    has_cuda = False
    major = 0
    for line in rctx.read(Label("@libtorch//:info.bzl")).split("\n"):
        name, _, value = line.partition(" = ")
        if name == "HAS_CUDA":
            has_cuda = value == "True"
        elif name == "CUDA_MAJOR":
            major = int(value)
    return major if has_cuda else None

def _toolkit(rctx, home):
    """Examines the toolkit in a directory.

    Returns:
      struct(home, problem, version, major, architectures); `problem` is "" if it can be
      used.
    """
    nvcc = rctx.path(home + "/bin/nvcc")
    if not nvcc.exists:
        return struct(home = home, problem = "%s has no bin/nvcc" % home)
    if not rctx.path(home + "/include/cuda_runtime.h").exists:
        return struct(home = home, problem = "%s has no include/cuda_runtime.h" % home)
    version = rctx.execute([nvcc, "--version"])
    known = rctx.execute([nvcc, "--list-gpu-arch"])
    if version.return_code != 0 or known.return_code != 0 or "release " not in version.stdout:
        return struct(home = home, problem = "%s does not run: %s" % (nvcc, version.stderr.strip()))
    architectures = [n for n in ARCHITECTURES if "compute_%d" % n in known.stdout.split("\n")]
    if not architectures:
        return struct(home = home, problem = "%s supports none of the architectures %s" % (nvcc, ARCHITECTURES))
    return struct(
        home = home,
        problem = "",
        version = version.stdout,
        major = int(version.stdout.split("release ")[1].split(".")[0]),
        architectures = architectures,
    )

def _check_major(toolkit, wanted):
    """The toolkit, with a `problem` if its CUDA version is not that of LibTorch."""
    if toolkit.problem or not wanted or toolkit.major == wanted:
        return toolkit
    return struct(
        home = toolkit.home,
        problem = "%s is CUDA %d, and LibTorch is built for CUDA %d" % (toolkit.home, toolkit.major, wanted),
    )

def _wheel_toolkit(rctx, wanted):
    if wanted and wanted != CUDA_MAJOR:
        return struct(problem = "the pinned wheels are CUDA %d, and LibTorch is built for CUDA %d" % (CUDA_MAJOR, wanted))
    for wheel in COMPILER_WHEELS:
        found = try_wheel_folder(rctx, **wheel)
        if found.path == None:
            return struct(problem = found.problem)
        result = rctx.execute(["cp", "-rsfT", "%s/%s" % (found.path, _IN_WHEEL), str(rctx.path("toolkit"))])
        if result.return_code != 0:
            return struct(problem = result.stderr.strip())
    return _toolkit(rctx, str(rctx.path("toolkit")))

def _find_toolkit(rctx):
    environ = rctx.os.environ
    choice = environ.get("METACONV_CUDA", "")
    if choice not in ["", "pypi", "none"]:
        _fail(rctx, "METACONV_CUDA=%s: expected `pypi` or `none`." % choice, [])
    if choice == "none":
        return struct(problem = "METACONV_CUDA=none")
    wanted = _libtorch_cuda(rctx)
    if wanted == None:
        return struct(problem = "this LibTorch has no CUDA")
    if choice == "pypi":
        return _wheel_toolkit(rctx, wanted)

    for name in ["CUDA_HOME", "CUDA_PATH"]:
        home = environ.get(name, "")
        if not home:
            continue
        toolkit = _check_major(_toolkit(rctx, home), wanted)
        if toolkit.problem:
            _fail(rctx, "%s=%s cannot be used." % (name, home), [
                "found:      " + toolkit.problem,
                "to fix it:  set it to a CUDA toolkit, a directory that contains bin/nvcc,",
                "            or unset it to use /usr/local/cuda or the pinned wheels;",
                "            METACONV_CUDA=none builds without the CUDA targets",
            ])
        return toolkit

    local = _check_major(_toolkit(rctx, _DEFAULT_HOME), wanted)
    if not local.problem:
        return local
    fetched = _wheel_toolkit(rctx, wanted)
    if not fetched.problem:
        return fetched
    return struct(problem = local.problem + "; " + fetched.problem)

def _find_cuobjdump(rctx, home):
    local = rctx.path(home + "/bin/cuobjdump")
    if local.exists:
        return local
    found = try_wheel_folder(rctx, **CUOBJDUMP_WHEEL)
    return rctx.path("%s/%s/bin/cuobjdump" % (found.path, _IN_WHEEL)) if found.path else None

def _impl(rctx):
    toolkit = _find_toolkit(rctx)
    has_nvcc = not toolkit.problem
    cuobjdump = None
    if has_nvcc:
        rctx.symlink(toolkit.home + "/include", "include")
        cuobjdump = _find_cuobjdump(rctx, toolkit.home)
        if cuobjdump != None:
            rctx.symlink(cuobjdump, "cuobjdump")
    else:
        # Printed once, when the repository is created: why targets are skipped.
        print("CUDA targets are skipped: " + toolkit.problem)

    rctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % rctx.name)

    # An input of each CUDA compilation, so that another compiler causes a rebuild.
    rctx.file("toolkit.txt", "%s\n%s" % (toolkit.home, toolkit.version) if has_nvcc else toolkit.problem + "\n")
    rctx.file("info.bzl", "\n".join([
        "HAS_NVCC = %s" % has_nvcc,
        "HAS_CUOBJDUMP = %s" % (cuobjdump != None),
        "WHY_NOT = %s" % repr(toolkit.problem),
        "NVCC = %s" % repr(toolkit.home + "/bin/nvcc" if has_nvcc else ""),
        "ARCHITECTURES = %s" % repr(toolkit.architectures if has_nvcc else []),
        "",
    ]))
    rctx.template("BUILD", Label("//third_party/cuda:BUILD.cuda"), {
        "%{cuobjdump}": repr(["cuobjdump"] if cuobjdump else []),
        "%{include}": repr(["include"] if has_nvcc else []),
        "%{runtime}": repr(["@libtorch//:c10_cuda"] if has_nvcc else []),
    })

cuda_configure = repository_rule(
    implementation = _impl,
    environ = ["CUDA_HOME", "CUDA_PATH", "METACONV_CUDA"] + WHEEL_ENVIRON,
    doc = "The CUDA compiler from CUDA_HOME, CUDA_PATH, /usr/local/cuda or the pinned wheels.",
    # Evaluated again by each Bazel server: a toolkit may have been installed or removed.
    local = True,
)
