// DescribeWorks: describing tensors.
//
// Thread safety: pure function.
// Lifetime: see work.h.

#ifndef METACONV_BENCHMARKS_WORKS_DESCRIBE_WORKS_H_
#define METACONV_BENCHMARKS_WORKS_DESCRIBE_WORKS_H_

#include <vector>

#include "benchmarks/works/work.h"

namespace metaconv {

std::vector<Work> DescribeWorks();

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_WORKS_DESCRIBE_WORKS_H_
