#include "benchmarks/works/all_works.h"

#include <iterator>

#include "benchmarks/works/checkpoint_works.h"
#include "benchmarks/works/convert_works.h"
#include "benchmarks/works/describe_works.h"
#include "benchmarks/works/json_works.h"
#include "benchmarks/works/record_works.h"
#include "benchmarks/works/thread_works.h"
#include "benchmarks/works/view_works.h"

namespace metaconv {

std::vector<Work> AllWorks() {
  std::vector<Work> all;
  for (const auto works :
       {DescribeWorks, ConvertWorks, ViewWorks, JsonWorks, RecordWorks, CheckpointWorks, ThreadWorks}) {
    std::vector<Work> table = works();
    all.insert(all.end(), std::make_move_iterator(table.begin()), std::make_move_iterator(table.end()));
  }
  return all;
}

}  // namespace metaconv
