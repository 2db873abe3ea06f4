// RecordWorks: writing and reading the binary form of records, each call for a whole model.
//
// Thread safety: pure function.
// Lifetime: see work.h.

#ifndef METACONV_BENCHMARKS_WORKS_RECORD_WORKS_H_
#define METACONV_BENCHMARKS_WORKS_RECORD_WORKS_H_

#include <vector>

#include "benchmarks/works/work.h"

namespace metaconv {

std::vector<Work> RecordWorks();

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_WORKS_RECORD_WORKS_H_
