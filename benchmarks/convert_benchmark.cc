// Converting tensors, beside LibTorch's own operators called by hand, and beside a look-up in a table.

#include "benchmarks/run_benchmarks.h"
#include "benchmarks/works/convert_works.h"

int main(int argc, char** argv) { return metaconv::RunBenchmarks(metaconv::ConvertWorks(), argc, argv); }
