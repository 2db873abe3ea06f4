// Models for tests of the binary form.
//
// Example:
//   EncodeRecords(SampleModel());

#ifndef METACONV_TESTS_META_BINARY_SAMPLE_MODEL_H_
#define METACONV_TESTS_META_BINARY_SAMPLE_MODEL_H_

#include <vector>

#include "meta/named_tensor.h"

namespace metaconv {

// A record in which every field has a value other than its default, except `data` and `autograd_meta_from`, and except
// for those of nested tensors. It refers to other records, all of them to the same base.
MetaTensorDescPtr RecordWithEveryField();

// A dense tensor with two names, a view of it, a scalar, a tensor of many dimensions, a strided nested tensor, and
// RecordWithEveryField().
std::vector<NamedTensor> SampleModel();

}  // namespace metaconv

#endif  // METACONV_TESTS_META_BINARY_SAMPLE_MODEL_H_
