"""Helpers for repository rules for libraries that are installed on the system."""

# Installation prefixes on a Debian-like system. system_layout() returns the directories
# in them.
_PREFIXES = ["/usr", "/usr/local"]

def words(text):
    """The words of a line, separated by any number of spaces and tabs."""
    return [word for word in text.replace("\t", " ").split(" ") if word]

def system_layout(rctx):
    """The directories to search, most specific first.

    Returns:
      struct(include, lib, share): lists of absolute directory names.
    """
    multiarch = rctx.os.environ.get("DEB_HOST_MULTIARCH", "")
    if not multiarch:
        machine = rctx.execute(["uname", "-m"]).stdout.strip()
        multiarch = machine + "-linux-gnu"
    lib = []
    for prefix in _PREFIXES:
        lib += [prefix + "/lib/" + multiarch, prefix + "/lib64", prefix + "/lib"]
    return struct(
        include = [prefix + "/include" for prefix in _PREFIXES],
        lib = lib,
        share = [prefix + "/share" for prefix in _PREFIXES],
    )

def find_file(rctx, folders, name):
    """The first existing `folder/name`, or None."""
    for folder in folders:
        path = rctx.path(folder + "/" + name)
        if path.exists:
            return path
    return None

def fail_missing(rctx, what, looked_for, folders, package):
    """Stops the build with a message that says what is missing, where it was searched, and how to fix it."""
    fail("\n".join([
        "",
        "@%s: %s was not found." % (rctx.name, what),
        "  looked for: %s" % looked_for,
        "  in:         %s" % ", ".join([str(folder) for folder in folders]),
        "  to fix it:  apt-get install %s" % package,
        "              (./bazelw does this for you), or define a repository named",
        "              '%s' of your own before metaconv_dependencies()." % rctx.name,
    ]))

def require_file(rctx, folders, name, what, package):
    """Like find_file, but stops the build with a message if the file is missing."""
    path = find_file(rctx, folders, name)
    if path == None:
        fail_missing(rctx, what, name, folders, package)
    return path

def read_pc(rctx, path):
    """Reads a pkg-config file.

    Args:
      rctx: the repository context.
      path: the .pc file.

    Returns:
      struct(version, requires, libs, cflags): the version as a string, the others as
      lists of strings. pkg-config variables are expanded.
    """
    variables = {}
    fields = {}
    for line in rctx.read(path).split("\n"):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        colon, equals = line.find(":"), line.find("=")
        if equals >= 0 and (colon < 0 or equals < colon):
            variables[line[:equals].strip()] = _expand(line[equals + 1:].strip(), variables)
        elif colon >= 0:
            fields[line[:colon].strip()] = _expand(line[colon + 1:].strip(), variables)

    # "Requires: a = 1, b >= 2, c": only the names are used, because all packages are
    # built from the same source. "a = 1 b = 2" without commas is valid too.
    requires = []
    skip = False
    for word in words(fields.get("Requires", "").replace(",", " ")):
        if skip:
            skip = False
        elif word in ["=", "<", ">", "<=", ">=", "!="]:
            skip = True
        else:
            requires.append(word)
    return struct(
        version = fields.get("Version", ""),
        requires = requires,
        libs = words(fields.get("Libs", "")),
        cflags = words(fields.get("Cflags", "")),
    )

def _expand(text, variables):
    for name, value in variables.items():
        text = text.replace("${" + name + "}", value)
    return text
