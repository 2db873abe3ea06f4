// Equal: compares two records. Each field that may be ignored is named explicitly.
//
// To compare a record with a tensor, use assert_metadata_eq.h.
//
// Example:
//   Equal()(a, b);                             // Compares every field, as operator== does.
//   Equal().IgnoreIds().IgnoreDevice()(a, b);  // Ignores differences between describers and devices.
//   for (const std::string& line : Equal().IgnoreIds().Differences(a, b)) …   // "base.size: [4] vs [8]"
//
// Nested records are compared by value, recursively, each pair once. Two symbolic integers are equal if they are the
// same symbolic expression object; the comparison never adds a guard.
//
// Thread safety: a plain value; const methods may be called from any thread.
// Lifetime: retains no reference to the compared records.

#ifndef METACONV_META_EQUAL_H_
#define METACONV_META_EQUAL_H_

#include <string>
#include <vector>

#include "meta/meta_tensor_desc.h"

namespace metaconv {

class Equal {
 public:
  // Ignores tensor and storage ids. Whether two parts of one record share an id is then not compared either.
  Equal& IgnoreIds();
  // Ignores the device.
  Equal& IgnoreDevice();
  // Ignores `view_func`.
  Equal& IgnoreViewFunc();
  // Ignores `data`, `autograd_meta_from`, `fake_mode` and a storage's `data`: fields that are valid in one process
  // only.
  Equal& IgnoreProcessLocal();

  bool operator()(const MetaTensorDesc& a, const MetaTensorDesc& b) const;
  bool operator()(const MetaStorageDesc& a, const MetaStorageDesc& b) const;

  // One line for each field that differs, with its path and both values. Empty if the records are equal.
  std::vector<std::string> Differences(const MetaTensorDesc& a, const MetaTensorDesc& b) const;

 private:
  class Walk;

  bool ids_ = true;
  bool device_ = true;
  bool view_func_ = true;
  bool process_local_ = true;
};

}  // namespace metaconv

#endif  // METACONV_META_EQUAL_H_
