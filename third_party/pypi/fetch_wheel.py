"""Downloads one pinned wheel with pip and unpacks some of its files into a cache.

Prints the directory of the unpacked files. pip is run with its configuration on this
machine (index, mirror, proxy, certificates, PIP_* variables): this script specifies a
package, a version and a checksum, but no host.

The directory is created atomically: files are unpacked into a temporary directory next
to it, which is renamed when it is complete. A lock file serializes concurrent builds.
The wheel itself is not kept.
"""

import argparse
import fcntl
import fnmatch
import hashlib
import importlib.util
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile


# The exit status if this Python has no pip. The caller then tries another Python.
NO_PIP = 3


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", required=True, type=pathlib.Path)
    parser.add_argument("--package", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--sha256", required=True)
    parser.add_argument("--python-version", default="",
                        help="with --platform: select this wheel instead of the machine's")
    parser.add_argument("--platform", action="append", default=[])
    parser.add_argument("--keep", action="append", default=[], metavar="PATTERN",
                        help="unpack only files that match (default: all)")
    parser.add_argument("--drop", action="append", default=[], metavar="PATTERN",
                        help="do not unpack files that match")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    # The patterns are part of the name, so that other patterns get another directory.
    recipe = hashlib.sha256(repr(
        (arguments.sha256, arguments.keep, arguments.drop)).encode()).hexdigest()
    name = f"{arguments.package}-{arguments.version}-{recipe[:16]}"
    target = arguments.cache / "wheels" / name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target.parent / f".{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not target.exists():
                fetch(arguments, target)
    print(target)


def fetch(arguments, target):
    # Remove the files of an interrupted run. This process holds the lock, so they are not in use.
    for stale in target.parent.glob(f".{target.name}.tmp-*"):
        shutil.rmtree(stale, ignore_errors=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix=f".{target.name}.tmp-", dir=target.parent))
    try:
        wheel = download(arguments, work / "download")
        unpack(arguments, wheel, work / "unpacked")
        (work / "unpacked").rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def download(arguments, folder):
    if importlib.util.find_spec("pip") is None:
        sys.exit(NO_PIP)
    requirement = f"{arguments.package}=={arguments.version}"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:",
               "--no-cache-dir", "--quiet", "--dest", str(folder)]
    if arguments.python_version:
        command += ["--implementation", "cp", "--python-version", arguments.python_version]
    for platform in arguments.platform:
        command += ["--platform", platform]
    result = subprocess.run(command + [requirement], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        sys.exit(f"pip could not fetch {requirement}:\n{result.stdout.rstrip()}")
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        sys.exit(f"pip fetched {len(wheels)} wheels for {requirement}, expected one")
    digest = hashlib.sha256()
    with open(wheels[0], "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != arguments.sha256:
        sys.exit(f"{wheels[0].name} is not the pinned file:\n"
                 f"  SHA-256 expected {arguments.sha256}\n"
                 f"  SHA-256 found    {digest.hexdigest()}")
    return wheels[0]


def unpack(arguments, wheel, folder):
    def wanted(name):
        return (any(fnmatch.fnmatchcase(name, p) for p in arguments.keep or ["*"])
                and not any(fnmatch.fnmatchcase(name, p) for p in arguments.drop))

    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if wanted(name)]
        if not names:
            sys.exit(f"{wheel.name} contains no file that matches {arguments.keep}")
        archive.extractall(folder, names)
        # extractall() ignores the modes in the archive; restore the executable bits.
        for name in names:
            if archive.getinfo(name).external_attr >> 16 & 0o100:
                (folder / name).chmod(0o755)


if __name__ == "__main__":
    main()
