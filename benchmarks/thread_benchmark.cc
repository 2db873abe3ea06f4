// Benchmarks one converter with 1, 2, 4 and 8 threads, which convert disjoint tensors, the same tensors, or half and
// half.

#include "benchmarks/run_benchmarks.h"
#include "benchmarks/works/thread_works.h"

int main(int argc, char** argv) { return metaconv::RunBenchmarks(metaconv::ThreadWorks(), argc, argv); }
