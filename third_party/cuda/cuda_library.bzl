"""cuda_library(): a .cu file with its header, as a cc_library.

    cuda_library(
        name = "segment_kernel",
        src = "segment_kernel.cu",
        hdrs = ["segment_kernel.h"],
        deps = [":segments"],
    )

The object file is position independent and contains machine code for each of
ARCHITECTURES, and PTX for the last one. The .cu file may use the C++ standard library,
the CUDA runtime and its `deps`. It must not include LibTorch, whose headers are slow
to compile with nvcc, and do not compile with every release. Without a compiler, the
target is incompatible and is skipped.
"""

load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")
load("@local_cuda//:info.bzl", "ARCHITECTURES", "HAS_NVCC", "NVCC")
load("@rules_cc//cc:defs.bzl", "cc_library")

def _impl(ctx):
    headers = cc_common.merge_cc_infos(cc_infos = [dep[CcInfo] for dep in ctx.attr.deps]).compilation_context
    toolchain = find_cpp_toolchain(ctx)
    output = ctx.actions.declare_file(ctx.label.name + ".pic.o")

    arguments = ctx.actions.args()
    arguments.add_all(["-std=c++20", "-O3", "-c", ctx.file.src])
    arguments.add_all(["-o", output])
    arguments.add_all(["-ccbin", toolchain.compiler_executable])
    arguments.add("-Xcompiler=-fPIC,-Wall,-Wextra")

    # As for C++ in .bazelrc: warnings are errors in our own workspace, but not in workspaces that depend on it.
    if not ctx.label.workspace_name:
        arguments.add("-Werror=all-warnings")

    # A newer compiler may warn that it will drop an architecture.
    arguments.add("-Wno-deprecated-gpu-targets")
    for n in ARCHITECTURES:
        arguments.add("-gencode=arch=compute_%d,code=sm_%d" % (n, n))
    arguments.add_all(["-gencode=arch=compute_%d,code=compute_%d" % (n, n) for n in ARCHITECTURES[-1:]])
    arguments.add_all(headers.defines, before_each = "-D")
    arguments.add_all(depset(transitive = [headers.includes, headers.quote_includes]), before_each = "-I")
    arguments.add_all(headers.system_includes, before_each = "-isystem")

    ctx.actions.run(
        executable = NVCC,
        arguments = [arguments],
        inputs = depset(
            ctx.files.hdrs + [ctx.file.src, ctx.file._toolkit],
            transitive = [headers.headers, toolchain.all_files],
        ),
        outputs = [output],
        mnemonic = "CudaCompile",
        progress_message = "Compiling %s for CUDA" % ctx.file.src.short_path,
        use_default_shell_env = True,
    )
    return [DefaultInfo(files = depset([output]), runfiles = ctx.runfiles(files = [output]))]

_cuda_object = rule(
    implementation = _impl,
    attrs = {
        "deps": attr.label_list(providers = [CcInfo]),
        "hdrs": attr.label_list(allow_files = [".h"]),
        "src": attr.label(allow_single_file = [".cu"], mandatory = True),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
        "_toolkit": attr.label(default = "@local_cuda//:toolkit.txt", allow_single_file = True),
    },
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
    doc = "An object file compiled by nvcc.",
)

def cuda_library(name, src, hdrs, deps = [], visibility = None):
    """A .cu file with its header.

    Args:
      name: name of the cc_library. The object file is the target `name` + "_object".
      src: the .cu file.
      hdrs: its headers.
      deps: libraries whose headers both need. The CUDA runtime is added automatically.
      visibility: visibility of both targets.
    """
    compatible_with = [] if HAS_NVCC else ["@local_cuda//:cuda_compiler"]
    _cuda_object(
        name = name + "_object",
        src = src,
        hdrs = hdrs,
        target_compatible_with = compatible_with,
        visibility = visibility,
        deps = deps,
    )

    # Only the cc_library needs the runtime: nvcc finds the headers in its own toolkit.
    cc_library(
        name = name,
        srcs = [name + "_object"],
        hdrs = hdrs,
        target_compatible_with = compatible_with,
        visibility = visibility,
        deps = deps + ["@local_cuda//:runtime"],
    )
