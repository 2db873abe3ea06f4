"""Abseil's public labels and the pkg-config file of each.

ABSEIL_LABELS[package][target] is the file's name without `.pc`. The list covers
several versions of Abseil. If the installed version does not have a file, its label
is not defined.
"""

def _same(package_prefix, names):
    return {name: "absl_" + package_prefix + name for name in names}

def _merge(*dicts):
    result = {}
    for d in dicts:
        result.update(d)
    return result

ABSEIL_LABELS = {
    "algorithm": {
        "algorithm": "absl_algorithm",
        "container": "absl_algorithm_container",
    },
    "base": _same("", [
        "base",
        "config",
        "core_headers",
        "dynamic_annotations",
        "endian",
        "fast_type_id",
        "log_severity",
        "no_destructor",
        "nullability",
        "prefetch",
        "raw_logging_internal",
    ]),
    "cleanup": _same("", ["cleanup"]),
    "container": _same("", [
        "btree",
        "chunked_queue",
        "fixed_array",
        "flat_hash_map",
        "flat_hash_set",
        "hash_container_defaults",
        "inlined_vector",
        "linked_hash_map",
        "linked_hash_set",
        "node_hash_map",
        "node_hash_set",
    ]),
    "crc": _same("", ["crc32c"]),
    "debugging": _same("", [
        "failure_signal_handler",
        "leak_check",
        "stacktrace",
        "symbolize",
    ]),
    "flags": _merge(
        {"flag": "absl_flags"},
        _same("flags_", [
            "commandlineflag",
            "config",
            "marshalling",
            "parse",
            "program_name",
            "reflection",
            "usage",
            "usage_internal",
        ]),
    ),
    "functional": _same("", [
        "any_invocable",
        "bind_front",
        "function_ref",
        "overload",
    ]),
    "hash": _same("", ["hash", "hash_testing"]),
    "log": _merge(
        {
            "absl_check": "absl_absl_check",
            "absl_log": "absl_absl_log",
            "absl_vlog_is_on": "absl_absl_vlog_is_on",
            "check": "absl_check",
            "die_if_null": "absl_die_if_null",
            "log": "absl_log",
            "vlog_is_on": "absl_vlog_is_on",
        },
        _same("log_", [
            "entry",
            "flags",
            "globals",
            "initialize",
            "severity",
            "sink",
            "sink_registry",
            "streamer",
            "structured",
        ]),
    ),
    "memory": _same("", ["memory"]),
    "meta": _same("", ["requires", "type_traits"]),
    "numeric": _same("", ["bits", "int128"]),
    "profiling": _same("", ["hashtable"]),
    "random": _merge(
        {"random": "absl_random_random"},
        _same("random_", [
            "bit_gen_ref",
            "distributions",
            "seed_gen_exception",
            "seed_sequences",
        ]),
    ),
    "status": _same("", ["status", "status_macros", "status_matchers", "statusor"]),
    "strings": _same("", [
        "charset",
        "cord",
        "has_absl_stringify",
        "str_format",
        "string_view",
        "strings",
    ]),
    "synchronization": _same("", ["synchronization"]),
    "time": _same("", ["civil_time", "time", "time_zone"]),
    "types": _same("", [
        "any",
        "bad_any_cast",
        "bad_optional_access",
        "bad_variant_access",
        "compare",
        "optional",
        "optional_ref",
        "span",
        "variant",
    ]),
    "utility": _same("", ["if_constexpr", "utility"]),
}
