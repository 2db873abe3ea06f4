// ThreadWorks: converting with one converter on 1, 2, 4 and 8 threads.
//
// Thread safety: pure function.
// Lifetime: see work.h.

#ifndef METACONV_BENCHMARKS_WORKS_THREAD_WORKS_H_
#define METACONV_BENCHMARKS_WORKS_THREAD_WORKS_H_

#include <vector>

#include "benchmarks/works/work.h"

namespace metaconv {

std::vector<Work> ThreadWorks();

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_WORKS_THREAD_WORKS_H_
