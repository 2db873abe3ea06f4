// Benchmarks writing records as JSON text. Baseline: writing an existing JSON document as text.

#include "benchmarks/run_benchmarks.h"
#include "benchmarks/works/json_works.h"

int main(int argc, char** argv) { return metaconv::RunBenchmarks(metaconv::JsonWorks(), argc, argv); }
