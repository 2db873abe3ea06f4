// Equal: compares records, with every tolerance spelled out.
//
// Example:
//   Equal()(a, b);                             // Every field, as operator== does.
//   Equal().IgnoreIds().IgnoreDevice()(a, b);  // The same tensor, described by someone else, somewhere else.
//   for (const std::string& line : Equal().IgnoreIds().Differences(a, b)) …   // "base.size: [4] vs [8]"
//
// Nested records are compared by what they say, to any depth, each pair once. Symbolic integers are equal when they are
// the same symbolic expression object; no guard is ever made.
//
// Thread safety: a plain value; const use from any thread.
// Lifetime: keeps nothing.

#ifndef METACONV_META_EQUAL_H_
#define METACONV_META_EQUAL_H_

#include <string>
#include <vector>

#include "meta/meta_tensor_desc.h"

namespace metaconv {

class Equal {
 public:
  // Tensor and storage ids. Which parts of one record share an id is then not compared either.
  Equal& IgnoreIds();
  // Where the tensor lives.
  Equal& IgnoreDevice();
  // How a view is replayed.
  Equal& IgnoreViewFunc();
  // `data`, `autograd_meta_from`, `fake_mode` and a storage's `data`: what cannot outlive the process.
  Equal& IgnoreProcessLocal();

  bool operator()(const MetaTensorDesc& a, const MetaTensorDesc& b) const;
  bool operator()(const MetaStorageDesc& a, const MetaStorageDesc& b) const;

  // One line for each field that differs, with its path and both values; empty if the records are equal.
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
