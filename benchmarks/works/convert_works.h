// ConvertWorks: converting tensors for the first time, again, and with some results alive.
//
// Thread safety: pure function.
// Lifetime: see work.h.

#ifndef METACONV_BENCHMARKS_WORKS_CONVERT_WORKS_H_
#define METACONV_BENCHMARKS_WORKS_CONVERT_WORKS_H_

#include <vector>

#include "benchmarks/works/work.h"

namespace metaconv {

std::vector<Work> ConvertWorks();

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_WORKS_CONVERT_WORKS_H_
