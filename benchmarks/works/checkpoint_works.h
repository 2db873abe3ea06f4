// CheckpointWorks: reading the records of checkpoint files.
//
// Thread safety: pure function.
// Lifetime: see work.h.

#ifndef METACONV_BENCHMARKS_WORKS_CHECKPOINT_WORKS_H_
#define METACONV_BENCHMARKS_WORKS_CHECKPOINT_WORKS_H_

#include <vector>

#include "benchmarks/works/work.h"

namespace metaconv {

std::vector<Work> CheckpointWorks();

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_WORKS_CHECKPOINT_WORKS_H_
