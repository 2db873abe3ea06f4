// ForEachReference: visits every record that a record refers to: its nested records, and the records of the tensors that
// its view function captured.
//
// Not for listing the records that describe a tensor: see ForEachNested.
//
// Example:
//   ForEachReference(desc, [&](const char* field, const MetaTensorDescPtr& record) { … });
//
// Thread safety: stateless.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_META_REFERENCES_H_
#define METACONV_META_REFERENCES_H_

#include "meta/meta_tensor_desc.h"
#include "meta/meta_tensor_desc_fields.h"

namespace metaconv {

// Calls visit(field name, record). No record is null.
template <typename Visitor>
void ForEachReference(const MetaTensorDesc& desc, Visitor&& visit) {
  if (!desc.extras.has_value()) {  // All nested records other than the base are there.
    if (desc.base != nullptr) visit("base", desc.base);
    return;
  }
  ForEachNested(desc, [&](const char* field, const MetaTensorDescPtr& nested) {
    if (nested != nullptr) visit(field, nested);
  });
  if (desc.extras->view_func == nullptr) return;
  for (const CapturedTensor& captured : desc.extras->view_func->captured()) {
    if (captured.desc != nullptr) visit("view_func", captured.desc);
  }
}

}  // namespace metaconv

#endif  // METACONV_META_REFERENCES_H_
