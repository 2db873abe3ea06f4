// Benchmarks writing and reading the binary form of records. Baseline: copying the bytes to new memory.

#include "benchmarks/run_benchmarks.h"
#include "benchmarks/works/record_works.h"

int main(int argc, char** argv) { return metaconv::RunBenchmarks(metaconv::RecordWorks(), argc, argv); }
