#include "tests/fuzz/binary_fuzzer.h"

#include <cstdlib>
#include <iostream>
#include <string_view>

#include "ATen/core/Tensor.h"
#include "ATen/ops/ones.h"
#include "ATen/ops/view_as_real.h"
#include "ATen/ops/zeros.h"
#include "absl/status/statusor.h"
#include "converter/meta_converter.h"
#include "describer/meta_tensor_describer.h"
#include "kinds/record_decoders.h"
#include "meta/as_json.h"
#include "meta/binary/decode_records.h"
#include "meta/binary/encode_records.h"
#include "meta/binary/layout.h"
#include "tests/meta/binary/sample_model.h"
#include "tests/testing/kind_samples.h"
#include "tests/testing/two_tensor.h"

namespace metaconv {
namespace {

std::map<absl::StatusCode, std::int64_t>& Outcomes() {
  static auto& outcomes = *new std::map<absl::StatusCode, std::int64_t>();
  return outcomes;
}

void Require(bool condition, std::string_view what) {
  if (condition) return;
  std::cerr << "fuzz: expected " << what << std::endl;
  std::abort();
}

// Records that were read are written in the same form.
void CheckWritingAgain(const RecordModel& model) {
  const absl::StatusOr<std::string> bytes = EncodeRecords(model.tensors, model.opaque, model.describer_id);
  Require(bytes.ok(), "to write what was read, found " + bytes.status().ToString());
  const absl::StatusOr<RecordModel> again = DecodeRecords(*bytes);
  Require(again.ok(), "to read what was written, found " + again.status().ToString());
  Require(again->tensors.size() == model.tensors.size(), "the same tensors");
  for (std::size_t i = 0; i < model.tensors.size(); ++i) {
    Require(AsJson(*again->tensors[i].desc, 0) == AsJson(*model.tensors[i].desc, 0), "the record that was written");
  }
  Require(EncodeRecords(again->tensors, again->opaque, again->describer_id).value() == *bytes, "the same bytes");
}

// See record_fuzzer.cc for the allowed errors.
void ConvertAll(const RecordModel& model) {
  MetaConverter converter;
  std::vector<at::Tensor> tensors;  // Kept alive, so that later records can refer to them.
  for (const NamedTensor& tensor : model.tensors) {
    absl::StatusOr<at::Tensor> result = converter.MetaTensor(*tensor.desc);
    ++Outcomes()[result.status().code()];
    if (result.ok()) {
      tensors.push_back(*std::move(result));
    } else {
      const absl::Status& status = result.status();
      Require(absl::IsInvalidArgument(status) || absl::IsUnimplemented(status) || absl::IsResourceExhausted(status),
              "kInvalidArgument, kUnimplemented or kResourceExhausted, found " + status.ToString());
    }
  }
}

}  // namespace

const std::map<absl::StatusCode, std::int64_t>& BinaryFuzzOutcomes() { return Outcomes(); }

std::vector<std::string> BinaryFuzzSeeds() {
  std::vector<std::string> seeds;
  for (const KindSample& kind : KindSamples()) {
    const MadeSample sample = kind.make();
    seeds.push_back(EncodeRecords({{kind.name, sample.record}, {"again", sample.record}}).value());
  }
  // A view function that is called, and every field.
  MetaTensorDescriber describer;
  const at::Tensor part = at::ones({3}, at::kComplexFloat);
  const at::Tensor view = at::view_as_real(TwoTensor(part, part.clone()));
  seeds.push_back(EncodeRecords({{"view", describer.DescribeTensor(view).value()}}).value());
  seeds.push_back(EncodeRecords(SampleModel(), {{"optimizer", "torch.optim.Adam"}}).value());
  return seeds;
}

}  // namespace metaconv

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace metaconv;  // NOLINT
  // Registers the wrapper type of some records.
  static const bool has_wrapper_type = IsTwoTensor(TwoTensor(at::zeros({1}), at::zeros({1})));
  Require(has_wrapper_type, "a wrapper type");
  std::string bytes(reinterpret_cast<const char*>(data), size);
  binary::SealRecords(bytes);
  const absl::StatusOr<RecordModel> kept = DecodeRecords(bytes);
  if (!kept.ok()) {
    ++Outcomes()[kept.status().code()];
    Require(absl::IsDataLoss(kept.status()) || absl::IsUnimplemented(kept.status()),
            "kDataLoss or kUnimplemented, found " + kept.status().ToString());
    return 0;
  }
  CheckWritingAgain(*kept);
  const absl::StatusOr<RecordModel> decoded = DecodeRecords(bytes, {.decoders = TorchDecoders()});
  if (!decoded.ok()) {
    Require(absl::IsInvalidArgument(decoded.status()), "kInvalidArgument, found " + decoded.status().ToString());
    return 0;
  }
  CheckWritingAgain(*decoded);
  ConvertAll(*decoded);
  return 0;
}
