// Benchmarks describing tensors. Baseline: reading the same properties and storing nothing.

#include "benchmarks/run_benchmarks.h"
#include "benchmarks/works/describe_works.h"

int main(int argc, char** argv) { return metaconv::RunBenchmarks(metaconv::DescribeWorks(), argc, argv); }
