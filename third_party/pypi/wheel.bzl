"""Downloads files from wheels, for repository rules."""

# Repository rules that call wheel_folder() list these in their `environ`.
WHEEL_ENVIRON = ["METACONV_CACHE", "XDG_CACHE_HOME", "HOME"]

def cache_folder(rctx):
    """The cache directory for downloaded files. `bazel clean --expunge` does not delete it."""
    environ = rctx.os.environ
    if environ.get("METACONV_CACHE"):
        return environ["METACONV_CACHE"]
    if environ.get("XDG_CACHE_HOME"):
        return environ["XDG_CACHE_HOME"] + "/metaconv"
    if environ.get("HOME"):
        return environ["HOME"] + "/.cache/metaconv"
    fail("@%s: no cache directory for downloads: set METACONV_CACHE, XDG_CACHE_HOME or HOME." % rctx.name)

# The exit status of fetch_wheel.py if it needs pip and this Python has none.
_NO_PIP = 3

def wheel_folder(rctx, **wheel):
    """Downloads and unpacks a pinned wheel, once per machine. Stops the build on failure.

    Args:
      rctx: the repository context.
      **wheel: as for try_wheel_folder().

    Returns:
      The path of the directory with the unpacked files.
    """
    found = try_wheel_folder(rctx, **wheel)
    if found.path == None:
        fail("\n@%s: %s" % (rctx.name, found.problem))
    return found.path

def try_wheel_folder(
        rctx,
        package,
        version,
        sha256,
        python_version = "",
        platforms = [],
        keep = [],
        drop = []):
    """Downloads and unpacks a pinned wheel. Returns an error for callers that do not require the wheel.

    Args:
      rctx: the repository context.
      package: the package's name.
      version: its exact version.
      sha256: SHA-256 of the wheel.
      python_version: with `platforms`, selects the wheel; "311" for CPython 3.11.
      platforms: platform tags of the wheel to accept; empty for this machine's.
      keep: shell patterns of the files to unpack; empty for all.
      drop: shell patterns of files not to unpack.

    Returns:
      struct(path, problem): the directory with the unpacked files and "", or None and
      the reason.
    """
    rctx.report_progress("Fetching %s %s with pip" % (package, version))
    arguments = ["--cache", cache_folder(rctx), "--package", package]
    arguments += ["--version", version, "--sha256", sha256]
    if python_version:
        arguments += ["--python-version", python_version]
    for flag, values in [("--platform", platforms), ("--keep", keep), ("--drop", drop)]:
        for value in values:
            arguments += [flag, value]
    script = rctx.path(Label("//third_party/pypi:fetch_wheel.py"))

    # The first Python on PATH may have no pip although the system's Python has.
    for name in ["python3", "/usr/bin/python3"]:
        python = rctx.which(name) if "/" not in name else rctx.path(name)
        if python == None or not python.exists:
            continue
        result = rctx.execute([python, script] + arguments, timeout = 3600)
        if result.return_code == 0:
            return struct(path = rctx.path(result.stdout.strip()), problem = "")
        if result.return_code != _NO_PIP:
            return struct(path = None, problem = (result.stderr or result.stdout).strip())
    return struct(path = None, problem = "\n".join([
        "pip was not found.",
        "  looked for: a python3 with pip, on PATH and in /usr/bin",
        "  to fix it:  apt-get install python3-pip ca-certificates (./bazelw does this for you)",
    ]))
