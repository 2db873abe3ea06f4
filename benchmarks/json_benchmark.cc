// Benchmarks writing records as JSON text and reading them. Baselines: writing existing JSON documents as text, and
// parsing the text.

#include "benchmarks/run_benchmarks.h"
#include "benchmarks/works/json_works.h"

int main(int argc, char** argv) { return metaconv::RunBenchmarks(metaconv::JsonWorks(), argc, argv); }
