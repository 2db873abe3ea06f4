// Benchmarks converting tensors, one by one and all at once. Baselines: calling LibTorch's operators directly, and a
// look-up in a hash table.

#include "benchmarks/run_benchmarks.h"
#include "benchmarks/works/convert_works.h"

int main(int argc, char** argv) { return metaconv::RunBenchmarks(metaconv::ConvertWorks(), argc, argv); }
