"""Tests against golden documents of the Python reference."""

def golden_tests(name, files):
    """For each file, a test that compares metaconv's document with the reference's golden one.

    Args:
      name: of the test suite of all of them, and of the filegroup NAME_files.
      files: name of the test -> label of a file in a @pypi_... repository. The
        golden document is golden/<path in the package, '/' as '-'>.json.
    """
    native.filegroup(
        name = name + "_files",
        testonly = True,
        srcs = files.values(),
    )
    tests = []
    for test, file in files.items():
        path = file.split("//:")[1]
        golden = "golden/%s.json" % path.replace("/", "-")
        native.sh_test(
            name = test,
            size = "small",
            srcs = ["golden_test.sh"],
            args = [
                "$(rootpath //tools:metaconv)",
                "$(rootpath %s)" % file,
                "pypi/" + path,
                "$(rootpath %s)" % golden,
            ],
            data = [
                golden,
                "documents.py",
                "expected_differences.json",
                "//tools:metaconv",
                file,
            ],
        )
        tests.append(test)
    native.test_suite(name = name, tests = tests)
