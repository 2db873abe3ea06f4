// RecordsJson: writes records in the same form as tests/reference/inmemory_reference.py writes those of the reference.
//
// Each record is written once, in the order of the ids, including nested records. If a record was added several times,
// the last one is used.
//
// Example:
//   RecordsJson records;
//   records.Add(*describer.DescribeTensor(view).value());
//   records.Tensors();    // [{"id":0,…,"base":1,…},{"id":1,…}]
//   records.Storages();   // [{"id":0,"size":48,"describer_id":0}]
//
// Thread safety: none.
// Lifetime: keeps only text.

#ifndef METACONV_TESTS_TESTING_RECORD_JSON_H_
#define METACONV_TESTS_TESTING_RECORD_JSON_H_

#include <map>

#include "meta/meta_tensor_desc.h"
#include "nlohmann/json.hpp"

namespace metaconv {

class RecordsJson {
 public:
  void Add(const MetaTensorDesc& desc);

  nlohmann::ordered_json Tensors() const;
  nlohmann::ordered_json Storages() const;

 private:
  std::map<MetaTensorId, nlohmann::ordered_json> tensors_;
  std::map<MetaStorageId, nlohmann::ordered_json> storages_;
};

// Leaves of `view_func` the text before its arguments, because the reference writes an address there. Removes the fields
// with the calls of the function, which the reference does not have.
void CutViewFunc(nlohmann::ordered_json& record);

}  // namespace metaconv

#endif  // METACONV_TESTS_TESTING_RECORD_JSON_H_
