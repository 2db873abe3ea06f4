#include "tests/testing/reference_cases.h"

#include <cstdint>
#include <utility>

#include "ATen/TensorIndexing.h"
#include "ATen/TensorOperators.h"
#include "ATen/core/Tensor.h"
#include "ATen/core/grad_mode.h"
#include "ATen/native/Resize.h"
#include "ATen/ops/_neg_view.h"
#include "ATen/ops/empty.h"
#include "ATen/ops/empty_strided.h"
#include "ATen/ops/imag.h"
#include "ATen/ops/quantize_per_tensor.h"
#include "ATen/ops/real.h"
#include "ATen/ops/view_as_complex.h"
#include "ATen/ops/view_as_real.h"
#include "ATen/ops/zeros.h"
#include "c10/core/InferenceMode.h"
#include "torch/csrc/autograd/custom_function.h"

namespace metaconv {
namespace {

using at::Tensor;
using at::indexing::None;
using at::indexing::Slice;

Tensor Empty(at::IntArrayRef size, at::ScalarType dtype = at::kFloat) { return at::empty(size, dtype); }

Tensor RequiringGrad(at::IntArrayRef size, at::ScalarType dtype = at::kFloat) {
  return Empty(size, dtype).set_requires_grad(true);
}

// The tensor that torch.nn.Parameter creates, without the Python class.
Tensor Parameter(const Tensor& data, bool requires_grad = true) {
  return data.detach().set_requires_grad(requires_grad);
}

// A tensor on an existing storage.
Tensor On(const at::Storage& storage, std::int64_t offset, at::IntArrayRef size, at::IntArrayRef stride,
          at::ScalarType dtype = at::kFloat) {
  return Empty({0}, dtype).set_(storage, offset, size, stride);
}

void ResizeToZero(const Tensor& tensor) { at::native::resize_bytes_cpu(tensor.storage().unsafeGetStorageImpl(), 0); }

struct ViewInFunction : torch::autograd::Function<ViewInFunction> {
  static Tensor forward(torch::autograd::AutogradContext*, const Tensor& x) { return x.view({3, 4}); }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext*, torch::autograd::tensor_list grads) {
    return {grads[0].view({12})};
  }
};

Sources Dtypes() {
  const std::pair<const char*, at::ScalarType> kDtypes[] = {
      {"bool", at::kBool},
      {"uint8", at::kByte},
      {"int8", at::kChar},
      {"int16", at::kShort},
      {"int32", at::kInt},
      {"int64", at::kLong},
      {"uint16", at::kUInt16},
      {"uint32", at::kUInt32},
      {"uint64", at::kUInt64},
      {"float16", at::kHalf},
      {"bfloat16", at::kBFloat16},
      {"float64", at::kDouble},
      {"complex32", at::kComplexHalf},
      {"complex64", at::kComplexFloat},
      {"complex128", at::kComplexDouble},
      {"float8_e4m3fn", at::kFloat8_e4m3fn},
      {"float8_e5m2", at::kFloat8_e5m2},
  };
  Sources sources;
  for (const auto& [name, dtype] : kDtypes) sources.push_back({name, Empty({2}, dtype)});
  return sources;
}

std::map<std::string, Sources (*)()> MakeCases() {
  std::map<std::string, Sources (*)()> cases;
  const auto add = [&](const char* name, Sources (*build)()) { cases.emplace(name, build); };

  add("plain", []() -> Sources { return {{"x", Empty({3, 4})}}; });
  add("two_plain", []() -> Sources { return {{"x", Empty({3, 4})}, {"y", Empty({5})}}; });
  add("same_tensor_twice", []() -> Sources {
    const Tensor x = Empty({3, 4});
    return {{"x", x}, {"again", x}};
  });
  add("dtypes", Dtypes);
  add("meta_device", []() -> Sources { return {{"x", at::empty({3, 4}, at::device(at::kMeta))}}; });
  add("parameter", []() -> Sources { return {{"p", Parameter(Empty({3, 4})), true}}; });
  add("parameter_without_requires_grad", []() -> Sources { return {{"p", Parameter(Empty({3, 4}), false), true}}; });
  add("buffer", []() -> Sources { return {{"b", Empty({3})}}; });
  add("leaf_requires_grad", []() -> Sources { return {{"x", RequiringGrad({3})}}; });
  add("non_leaf", []() -> Sources { return {{"y", RequiringGrad({3}) * 2}}; });
  add("leaf_and_non_leaf", []() -> Sources {
    const Tensor x = RequiringGrad({3});
    return {{"x", x}, {"y", x * 2}};
  });

  add("view_and_base", []() -> Sources {
    const Tensor x = Empty({12});
    return {{"v", x.view({3, 4})}, {"x", x}};
  });
  add("base_and_view", []() -> Sources {
    const Tensor x = Empty({12});
    return {{"x", x}, {"v", x.view({3, 4})}};
  });
  add("view_of_dead_base", []() -> Sources { return {{"v", Empty({12}).view({3, 4})}}; });
  add("view_of_view", []() -> Sources {
    const Tensor x = Empty({12});
    const Tensor v = x.view({3, 4});
    return {{"w", v[1]}, {"v", v}, {"x", x}};
  });
  add("slice_with_offset", []() -> Sources {
    const Tensor x = Empty({12});
    return {{"v", x.index({Slice(3, 7)})}, {"x", x}};
  });
  add("slice_with_step", []() -> Sources { return {{"v", Empty({12}).index({Slice(1, None, 3)})}}; });
  add("select", []() -> Sources { return {{"v", Empty({3, 4}).select(1, 2)}}; });
  add("diagonal", []() -> Sources { return {{"v", Empty({4, 4}).diagonal()}}; });
  add("transpose", []() -> Sources {
    const Tensor x = Empty({3, 4});
    return {{"v", x.t()}, {"x", x}};
  });
  add("channels_last", []() -> Sources {
    return {{"x", Empty({2, 3, 4, 5}).to(at::kFloat, false, false, at::MemoryFormat::ChannelsLast)}};
  });
  add("expand_stride_zero", []() -> Sources {
    const Tensor x = Empty({3, 1});
    return {{"v", x.expand({3, 4})}, {"x", x}};
  });
  add("as_strided_overlapping", []() -> Sources {
    const Tensor x = Empty({10});
    return {{"v", x.as_strided({4, 3}, {2, 1}, 1)}, {"x", x}};
  });
  add("strides_with_gaps", []() -> Sources { return {{"x", at::empty_strided({2, 3}, {10, 2})}}; });
  add("overlapping_without_base", []() -> Sources { return {{"x", at::empty_strided({4, 3}, {1, 1})}}; });
  add("zero_dim", []() -> Sources { return {{"x", Empty({})}}; });
  add("zero_dim_view", []() -> Sources {
    const Tensor x = Empty({5});
    return {{"v", x[3]}, {"x", x}};
  });
  add("zero_size", []() -> Sources { return {{"x", Empty({3, 0, 2})}}; });
  add("zero_size_view", []() -> Sources {
    const Tensor x = Empty({5});
    return {{"v", x.index({Slice(5, None)})}, {"x", x}};
  });

  add("storage_larger_than_tensor", []() -> Sources { return {{"x", On(Empty({100}).storage(), 0, {4}, {1})}}; });
  add("storage_larger_than_tensor_with_offset", []() -> Sources {
    return {{"x", On(Empty({100}).storage(), 7, {4}, {1})}};
  });
  add("storage_not_a_multiple_of_the_element", []() -> Sources {
    return {{"x", On(Empty({10}, at::kByte).storage(), 0, {2}, {1})}};
  });
  add("storage_resized_to_zero", []() -> Sources {
    const Tensor x = Empty({3, 4});
    ResizeToZero(x);
    return {{"x", x}};
  });
  add("storage_resized_to_zero_under_a_view", []() -> Sources {
    const Tensor x = Empty({12});
    const Tensor v = x.view({3, 4});
    ResizeToZero(x);
    return {{"v", v}, {"x", x}};
  });
  add("storage_resized_to_zero_of_parameter", []() -> Sources {
    const Tensor p = Parameter(Empty({3, 4}));
    ResizeToZero(p);
    return {{"p", p, true}};
  });

  add("grad", []() -> Sources {
    Tensor x = RequiringGrad({3});
    x.mutable_grad() = Empty({3});
    return {{"x", x}};
  });
  add("grad_described_before", []() -> Sources {
    Tensor x = RequiringGrad({3});
    x.mutable_grad() = Empty({3});
    return {{"g", x.grad()}, {"x", x}};
  });
  add("grad_is_a_view", []() -> Sources {
    Tensor x = RequiringGrad({3});
    const Tensor flat = Empty({10});
    x.mutable_grad() = flat.index({Slice(2, 5)});
    return {{"x", x}, {"flat", flat}};
  });
  add("grad_with_other_strides", []() -> Sources {
    Tensor x = RequiringGrad({3, 4});
    x.mutable_grad() = at::empty_strided({3, 4}, {1, 3});
    return {{"x", x}};
  });
  add("grad_of_a_view", []() -> Sources {
    const Tensor x = Empty({6});
    Tensor v = x.view({2, 3});
    v.requires_grad_();
    v.mutable_grad() = Empty({2, 3});
    return {{"v", v}, {"x", x}};
  });
  add("grad_of_grad", []() -> Sources {
    Tensor x = RequiringGrad({3});
    x.mutable_grad() = RequiringGrad({3});
    x.mutable_grad().mutable_grad() = Empty({3});
    return {{"x", x}};
  });
  add("grad_of_parameter", []() -> Sources {
    Tensor p = Parameter(Empty({3}));
    p.mutable_grad() = Empty({3});
    return {{"p", p, true}};
  });
  add("grad_retained_on_non_leaf", []() -> Sources {
    const Tensor y = RequiringGrad({3}) * 2;
    y.retain_grad();
    y.sum().backward();
    return {{"y", y}};
  });

  add("conj", []() -> Sources {
    const Tensor x = Empty({3}, at::kComplexFloat);
    return {{"v", x.conj()}, {"x", x}};
  });
  add("conj_of_slice", []() -> Sources {
    const Tensor x = Empty({8}, at::kComplexFloat);
    return {{"v", x.index({Slice(2, 5)}).conj()}, {"x", x}};
  });
  add("neg", []() -> Sources {
    const Tensor x = Empty({3}, at::kComplexFloat);
    return {{"v", at::imag(x.conj())}, {"x", x}};
  });
  add("neg_view", []() -> Sources {
    const Tensor x = Empty({3});
    return {{"v", at::_neg_view(x)}, {"x", x}};
  });
  add("conj_detached", []() -> Sources { return {{"d", Empty({3}, at::kComplexFloat).conj().detach()}}; });
  add("conj_requires_grad", []() -> Sources {
    const Tensor x = RequiringGrad({3}, at::kComplexFloat);
    return {{"v", x.conj()}, {"x", x}};
  });
  add("neg_requires_grad", []() -> Sources {
    const Tensor x = RequiringGrad({3}, at::kComplexFloat);
    return {{"v", at::imag(x.conj())}, {"x", x}};
  });
  add("real", []() -> Sources {
    const Tensor x = Empty({3}, at::kComplexFloat);
    return {{"v", at::real(x)}, {"x", x}};
  });
  add("view_as_real", []() -> Sources {
    const Tensor x = Empty({3}, at::kComplexFloat);
    return {{"v", at::view_as_real(x)}, {"x", x}};
  });
  add("view_as_real_requires_grad", []() -> Sources {
    const Tensor x = RequiringGrad({3}, at::kComplexFloat);
    return {{"v", at::view_as_real(x)}, {"x", x}};
  });
  add("view_as_complex", []() -> Sources {
    const Tensor x = Empty({3, 2});
    return {{"v", at::view_as_complex(x)}, {"x", x}};
  });
  add("view_dtype_same_width", []() -> Sources {
    const Tensor x = Empty({3, 4});
    return {{"v", x.view(at::kInt)}, {"x", x}};
  });
  add("view_dtype_narrower", []() -> Sources {
    const Tensor x = Empty({3, 4});
    return {{"v", x.view(at::kByte)}, {"x", x}};
  });
  add("view_dtype_wider", []() -> Sources {
    const Tensor x = Empty({8}, at::kByte);
    return {{"v", x.view(at::kFloat)}, {"x", x}};
  });
  add("view_dtype_of_slice", []() -> Sources {
    const Tensor x = Empty({8}, at::kInt);
    return {{"v", x.index({Slice(2, 6)}).view(at::kFloat)}, {"x", x}};
  });
  add("view_dtype_requires_grad", []() -> Sources {
    const Tensor x = RequiringGrad({3, 4});
    return {{"v", x.view(at::kDouble)}, {"x", x}};
  });
  add("slice_of_view_dtype", []() -> Sources {
    const Tensor x = Empty({8});
    return {{"v", x.view(at::kInt).index({Slice(2, 6)})}, {"x", x}};
  });

  add("inference_tensor", []() -> Sources {
    const c10::InferenceMode inference;
    return {{"x", Empty({3})}};
  });
  add("inference_tensor_view", []() -> Sources {
    const c10::InferenceMode inference;
    const Tensor x = Empty({12});
    return {{"v", x.view({3, 4})}, {"x", x}};
  });
  add("view_made_in_inference_mode", []() -> Sources {
    const Tensor x = Empty({12});
    const c10::InferenceMode inference;
    return {{"v", x.view({3, 4})}, {"x", x}};
  });
  add("view_of_inference_tensor_made_outside", []() -> Sources {
    Tensor x;
    {
      const c10::InferenceMode inference;
      x = Empty({12});
    }
    return {{"v", x.view({3, 4})}, {"x", x}};
  });
  add("view_made_under_no_grad", []() -> Sources {
    const Tensor x = RequiringGrad({12});
    const at::NoGradGuard no_grad;
    return {{"v", x.view({3, 4})}, {"x", x}};
  });
  add("view_made_under_no_grad_of_plain_base", []() -> Sources {
    const Tensor x = Empty({12});
    const at::NoGradGuard no_grad;
    return {{"v", x.view({3, 4})}};
  });
  add("view_made_in_a_custom_function", []() -> Sources {
    const Tensor x = RequiringGrad({12});
    return {{"v", ViewInFunction::apply(x)}, {"x", x}};
  });
  add("split", []() -> Sources {
    const Tensor x = Empty({12});
    const std::vector<Tensor> parts = x.split(4);
    return {{"b", parts[1]}, {"a", parts[0]}, {"c", parts[2]}, {"x", x}};
  });
  add("split_requires_grad", []() -> Sources {
    const Tensor x = RequiringGrad({12});
    const std::vector<Tensor> parts = x.split(4);
    return {{"a", parts[0]}, {"b", parts[1]}, {"x", x}};
  });
  add("unbind_requires_grad", []() -> Sources {
    const std::vector<Tensor> parts = RequiringGrad({2, 3}).unbind(0);
    return {{"b", parts[1]}, {"a", parts[0]}};
  });
  add("packed_qkv", []() -> Sources {
    const Tensor qkv = Parameter(Empty({12, 4}));
    const std::vector<Tensor> parts = qkv.chunk(3);
    return {{"qkv", qkv, true}, {"q", parts[0]}, {"k", parts[1]}, {"v", parts[2]}};
  });
  add("view_of_leaf", []() -> Sources {
    const Tensor x = RequiringGrad({12});
    return {{"v", x.view({3, 4})}, {"x", x}};
  });
  add("view_of_non_leaf", []() -> Sources {
    const Tensor y = RequiringGrad({12}) * 2;
    return {{"v", y.view({3, 4})}, {"y", y}};
  });
  add("leaf_view_requires_grad", []() -> Sources {
    const Tensor x = Empty({12});
    const Tensor v = x.view({3, 4});
    v.requires_grad_();
    return {{"v", v}, {"x", x}};
  });
  add("requires_grad_mismatch", []() -> Sources {
    const Tensor x = Empty({4});
    const Tensor y = x.view({1, 4});
    y.requires_grad_();
    return {{"z", y.view({1, 1, 4})}, {"y", y}, {"x", x}};
  });
  add("requires_grad_mismatch_with_offset", []() -> Sources {
    const Tensor x = Empty({12});
    const Tensor y = x.index({Slice(4, None)});
    y.requires_grad_();
    return {{"z", y.index({Slice(2, 5)})}, {"x", x}};
  });
  add("base_changed_in_place_through_a_view", []() -> Sources {
    const Tensor w = RequiringGrad({3});
    const Tensor x = Empty({2, 3});
    const Tensor v = x[0];
    v.mul_(w);
    return {{"v", v}, {"x", x}};
  });

  add("detach_alias", []() -> Sources {
    const Tensor x = Empty({12});
    return {{"x", x}, {"d", x.detach()}};
  });
  add("detach_of_slice_first", []() -> Sources {
    const Tensor x = Empty({12});
    return {{"d", x.index({Slice(3, 7)}).detach()}, {"x", x}};
  });
  add("detach_of_leaf", []() -> Sources {
    const Tensor x = RequiringGrad({3});
    return {{"d", x.detach()}, {"x", x}};
  });
  add("set_aliases", []() -> Sources {
    const Tensor x = Empty({12});
    return {{"x", x}, {"y", On(x.storage(), 4, {2, 2}, {4, 1})}};
  });
  add("set_aliases_offset_first", []() -> Sources {
    const Tensor x = Empty({12});
    return {{"y", On(x.storage(), 4, {2, 2}, {4, 1})}, {"x", x}};
  });
  add("set_aliases_of_two_dtypes", []() -> Sources {
    const Tensor x = Empty({12});
    return {{"x", x}, {"y", On(x.storage(), 3, {5}, {2}, at::kByte)}};
  });
  add("parameter_over_slice", []() -> Sources {
    const Tensor x = Empty({12});
    return {{"p", Parameter(x.index({Slice(4, 8)})), true}, {"x", x}};
  });
  add("parameter_over_leading_slice", []() -> Sources {
    const Tensor x = Empty({12});
    return {{"p", Parameter(x.index({Slice(None, 4)})), true}, {"x", x}};
  });
  add("parameters_over_slices", []() -> Sources {
    const Tensor x = Empty({12});
    return {{"p", Parameter(x.index({Slice(None, 4)})), true},
            {"q", Parameter(x.index({Slice(4, None)}).view({2, 4})), true}};
  });
  add("parameter_over_transpose", []() -> Sources { return {{"p", Parameter(Empty({3, 4}).t()), true}}; });
  add("tied_weights", []() -> Sources {
    const Tensor weight = Parameter(Empty({5, 3}));
    return {{"embedding.weight", weight, true}, {"head.weight", weight, true}};
  });
  add("view_of_detach", []() -> Sources {
    const Tensor x = RequiringGrad({12});
    return {{"v", x.detach().view({3, 4})}, {"x", x}};
  });
  add("quantized", []() -> Sources {
    return {{"x", Empty({3})}, {"q", at::quantize_per_tensor(at::zeros({3}), 0.1, 0, at::kQUInt8)}};
  });
  return cases;
}

}  // namespace

const std::map<std::string, Sources (*)()>& ReferenceCases() {
  static const auto& cases = *new std::map<std::string, Sources (*)()>(MakeCases());
  return cases;
}

}  // namespace metaconv
