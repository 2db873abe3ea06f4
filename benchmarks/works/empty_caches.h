// EmptyCaches: so that whatever is read next comes from memory.
//
// Thread safety: one thread at a time.
// Lifetime: keeps as much memory as the caches have, twice, until the process ends.

#ifndef METACONV_BENCHMARKS_WORKS_EMPTY_CACHES_H_
#define METACONV_BENCHMARKS_WORKS_EMPTY_CACHES_H_

namespace metaconv {

void EmptyCaches();

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_WORKS_EMPTY_CACHES_H_
