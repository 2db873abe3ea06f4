// Records to JSON text, beside writing JSON that is there.

#include "benchmarks/run_benchmarks.h"
#include "benchmarks/works/json_works.h"

int main(int argc, char** argv) { return metaconv::RunBenchmarks(metaconv::JsonWorks(), argc, argv); }
