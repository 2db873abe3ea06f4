"""The machine and the sources that were measured."""

import datetime
import os
import pathlib
import platform
import subprocess


def first_value(path, key, separator):
    try:
        for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(separator)
            if name.strip() == key:
                return value.strip().strip('"')
    except OSError:
        pass
    return "unknown"


def memory_gib():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def commit(workspace):
    """The commit of the sources, followed by "and changes" if they differ from it; None without Git."""
    try:
        git = ["git", "-C", workspace]
        head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], check=True, capture_output=True, text=True)
        changed = subprocess.run([*git, "status", "--porcelain", "--untracked-files=no"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return head.stdout.strip() + (" and changes" if changed.stdout else "")


def describe(workspace):
    return {
        "date": datetime.date.today().isoformat(),
        "commit": commit(workspace),
        "processor": first_value("/proc/cpuinfo", "model name", ":"),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory_gib(), 1),
        "system": first_value("/etc/os-release", "PRETTY_NAME", "="),
        "kernel": platform.release(),
        "load": os.getloadavg()[0],
    }
