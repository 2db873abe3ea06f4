"""The mangled names of the Abseil functions that tsan_abseil.cc wraps."""

load("@com_google_absl//:info.bzl", "INLINE_NAMESPACE")

# Class, method, const, mangled parameters. Itanium C++ ABI: _ZN <namespaces> <class>
# <method> E <parameters>; NS%s_...E is a class in Abseil's namespace.
_CONDITION = "RKNS%s_9ConditionE"
_DURATION = "NS%s_8DurationE"
_MUTEX = "PNS%s_5MutexE"
_TIME = "NS%s_4TimeE"

_FUNCTIONS = [
    ("Mutex", "Lock", False, "v"),
    ("Mutex", "Unlock", False, "v"),
    ("Mutex", "TryLock", False, "v"),
    ("Mutex", "ReaderLock", False, "v"),
    ("Mutex", "ReaderUnlock", False, "v"),
    ("Mutex", "ReaderTryLock", False, "v"),
    ("Mutex", "Await", False, _CONDITION),
    ("Mutex", "AwaitWithTimeout", False, _CONDITION + _DURATION),
    ("Mutex", "AwaitWithDeadline", False, _CONDITION + _TIME),
    ("Mutex", "LockWhen", False, _CONDITION),
    ("Mutex", "LockWhenWithTimeout", False, _CONDITION + _DURATION),
    ("Mutex", "LockWhenWithDeadline", False, _CONDITION + _TIME),
    ("Mutex", "ReaderLockWhen", False, _CONDITION),
    ("CondVar", "Wait", False, _MUTEX),
    ("CondVar", "WaitWithTimeout", False, _MUTEX + _DURATION),
    ("CondVar", "WaitWithDeadline", False, _MUTEX + _TIME),
    ("Notification", "Notify", False, "v"),
    ("Notification", "WaitForNotification", True, "v"),
    ("Notification", "WaitForNotificationWithTimeout", True, _DURATION),
    ("Notification", "WaitForNotificationWithDeadline", True, _TIME),
    ("BlockingCounter", "DecrementCount", False, "v"),
    ("BlockingCounter", "Wait", False, "v"),
    ("Barrier", "Block", False, "v"),
]

def _part(name):
    return str(len(name)) + name

def _mangled(function):
    class_name, method, is_const, parameters = function

    # With an inline namespace, the substitution for `absl::<name>` is the second one,
    # S0_. Without one, it is the first, S_.
    substitution = "0" if INLINE_NAMESPACE else ""
    parameters = parameters.replace("%s", substitution)
    namespaces = _part("absl") + (_part(INLINE_NAMESPACE) if INLINE_NAMESPACE else "")
    return "_ZN%s%s%s%sE%s" % (
        "K" if is_const else "",
        namespaces,
        _part(class_name),
        _part(method),
        parameters,
    )

# Linker flags: calls of the function go to __wrap_<mangled name>, which can call the
# function itself as __real_<mangled name>.
WRAP_LINKOPTS = ["-Wl,--wrap=" + _mangled(function) for function in _FUNCTIONS]

# For tsan_abseil.cc: Mutex_Lock=<mangled name>, ...
WRAP_DEFINES = [
    "%s_%s=%s" % (function[0], function[1], _mangled(function))
    for function in _FUNCTIONS
]
