"""The LibTorch that is downloaded if LIBTORCH is not set, and the oldest supported version."""

# The oldest LibTorch whose headers metaconv compiles against.
MINIMUM_VERSION = (2, 13)

# The wheels for all Python versions contain the same C++ headers and libraries, so the
# version is fixed, independently of the machine's Python.
_PLATFORM = dict(
    python_version = "311",
    platforms = ["manylinux_2_28_x86_64", "manylinux_2_25_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"],
)

TORCH_WHEEL = dict(
    package = "torch",
    version = "2.15.0",
    sha256 = "48c2d861134c0b5697c7602cb5ffa68f62a2989fdcd1717e593356f67996ca1e",
    keep = [
        "torch/include/*",
        "torch/lib/libc10*.so*",
        "torch/lib/libgomp*.so*",
        "torch/lib/libtorch_cpu.so*",
        "torch/version.py",
        "torch-*.dist-info/*",
    ],
    **_PLATFORM
)

# libtorch_cpu.so of the wheel above needs these two libraries to load, even without a
# GPU. The versions are those that the wheel's metadata requires.
CUDA_WHEELS = [
    dict(
        package = "nvidia-cuda-runtime",
        version = "13.2.86",
        sha256 = "3498247680dfddce31bad102af7e3e26fc795342a3cac64722bb0fa95e7f60f0",
        keep = ["nvidia/cu13/include/*", "nvidia/cu13/lib/*.so*", "*.dist-info/*"],
        **_PLATFORM
    ),
    dict(
        package = "nvidia-cuda-cupti",
        version = "13.2.86",
        sha256 = "8fa29f15dd8336181f961764d9d95236fc6b931dd0c8fcf8cd70aab0c310b586",
        keep = ["nvidia/cu13/lib/libcupti.so*", "*.dist-info/*"],
        **_PLATFORM
    ),
]
