// JsonWorks: writing records as JSON text and reading them.
//
// Thread safety: pure function.
// Lifetime: see work.h.

#ifndef METACONV_BENCHMARKS_WORKS_JSON_WORKS_H_
#define METACONV_BENCHMARKS_WORKS_JSON_WORKS_H_

#include <vector>

#include "benchmarks/works/work.h"

namespace metaconv {

std::vector<Work> JsonWorks();

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_WORKS_JSON_WORKS_H_
