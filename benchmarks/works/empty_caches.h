// EmptyCaches: evicts the contents of the processor caches, so that the next reads come from main memory.
//
// Thread safety: one thread at a time.
// Lifetime: allocates twice the size of the caches, until the process ends.

#ifndef METACONV_BENCHMARKS_WORKS_EMPTY_CACHES_H_
#define METACONV_BENCHMARKS_WORKS_EMPTY_CACHES_H_

namespace metaconv {

void EmptyCaches();

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_WORKS_EMPTY_CACHES_H_
