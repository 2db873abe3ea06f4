// Benchmarks describing a checkpoint file. Baselines: parsing its header, reading its bytes.

#include "benchmarks/run_benchmarks.h"
#include "benchmarks/works/checkpoint_works.h"

int main(int argc, char** argv) { return metaconv::RunBenchmarks(metaconv::CheckpointWorks(), argc, argv); }
