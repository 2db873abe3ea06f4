// ViewWorks: converting tensors that share memory, and replaying views.
//
// Thread safety: pure function.
// Lifetime: see work.h.

#ifndef METACONV_BENCHMARKS_WORKS_VIEW_WORKS_H_
#define METACONV_BENCHMARKS_WORKS_VIEW_WORKS_H_

#include <vector>

#include "benchmarks/works/work.h"

namespace metaconv {

std::vector<Work> ViewWorks();

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_WORKS_VIEW_WORKS_H_
