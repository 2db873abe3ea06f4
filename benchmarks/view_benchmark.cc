// Tensors that share memory, beside as_strided; and replaying views, beside calling their operators.

#include "benchmarks/run_benchmarks.h"
#include "benchmarks/works/view_works.h"

int main(int argc, char** argv) { return metaconv::RunBenchmarks(metaconv::ViewWorks(), argc, argv); }
