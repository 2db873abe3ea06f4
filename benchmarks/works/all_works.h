// AllWorks: all works.
//
// Thread safety: pure function.
// Lifetime: see work.h.

#ifndef METACONV_BENCHMARKS_WORKS_ALL_WORKS_H_
#define METACONV_BENCHMARKS_WORKS_ALL_WORKS_H_

#include <vector>

#include "benchmarks/works/work.h"

namespace metaconv {

std::vector<Work> AllWorks();

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_WORKS_ALL_WORKS_H_
