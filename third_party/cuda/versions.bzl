"""The CUDA compiler that is downloaded if the machine has none, and the architectures that it compiles for."""

load("//third_party/libtorch:versions.bzl", "CUDA_WHEELS")

# The compute capabilities that get machine code, if the compiler supports them: 75
# Turing; 80, 86 Ampere; 89 Ada; 90 Hopper; 100, 103, 110 and 120 Blackwell. Newer devices
# compile the PTX of the last one.
ARCHITECTURES = [75, 80, 86, 89, 90, 100, 103, 110, 120]

# The CUDA version of the pinned LibTorch.
CUDA_MAJOR = 13
_VERSION = "13.2.86"

_PLATFORM = dict(
    python_version = "311",
    platforms = ["manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux_2_12_x86_64", "manylinux2010_x86_64"],
)

# Each wheel contains a part of nvidia/cu13. Together they are a toolkit. The wheel with the
# runtime's headers is the same as LibTorch's.
COMPILER_WHEELS = [
    dict(
        package = "nvidia-cuda-nvcc",
        version = _VERSION,
        sha256 = "7d3f56c8d705bad35bbba69eb0470d90856fd5d4dc48c6a6173aaf1e9f887cf5",
        keep = ["nvidia/cu13/bin/*", "nvidia/cu13/include/*", "*.dist-info/*"],
        **_PLATFORM
    ),
    dict(
        package = "nvidia-cuda-crt",
        version = _VERSION,
        sha256 = "e3ab08801bf9b1e6dc979275d25e816bb5000521b648e19c324d5eef0c79f1da",
        keep = ["nvidia/cu13/include/*", "*.dist-info/*"],
        **_PLATFORM
    ),
    dict(
        package = "nvidia-nvvm",
        version = _VERSION,
        sha256 = "a9244f3209922d655612c11ebb4117ea1f80983cb2b215c9cccded127282cebc",
        keep = ["nvidia/cu13/nvvm/*", "*.dist-info/*"],
        **_PLATFORM
    ),
] + [wheel for wheel in CUDA_WHEELS if wheel["package"] == "nvidia-cuda-runtime"]

CUOBJDUMP_WHEEL = dict(
    package = "nvidia-cuda-cuobjdump",
    version = _VERSION,
    sha256 = "d332c2ffe78e703ca0a3894be927f83124244e2acf0d792b8c12b4362d44d837",
    keep = ["nvidia/cu13/bin/*", "*.dist-info/*"],
    **_PLATFORM
)
