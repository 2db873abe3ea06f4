// Benchmarks converting tensors that share memory (baseline: as_strided) and replaying views (baseline: their
// operators).

#include "benchmarks/run_benchmarks.h"
#include "benchmarks/works/view_works.h"

int main(int argc, char** argv) { return metaconv::RunBenchmarks(metaconv::ViewWorks(), argc, argv); }
