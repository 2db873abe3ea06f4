#include "tests/fuzz/record_fuzzer.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/ops/zeros.h"
#include "absl/status/statusor.h"
#include "converter/materialize.h"
#include "converter/meta_converter.h"
#include "meta/as_json.h"
#include "meta/from_json.h"
#include "nlohmann/json.hpp"
#include "tests/testing/two_tensor.h"

namespace metaconv {
namespace {

using Json = nlohmann::ordered_json;

std::map<absl::StatusCode, std::int64_t>& Outcomes() {
  static auto& outcomes = *new std::map<absl::StatusCode, std::int64_t>();
  return outcomes;
}

void Require(bool condition, std::string_view what) {
  if (condition) return;
  std::cerr << "fuzz: expected " << what << std::endl;
  std::abort();
}

// The allowed status codes. kInternal is not allowed: an inconsistent record is rejected before LibTorch raises an
// exception for it, and a result that does not match its record is a bug.
void CheckError(const absl::Status& status) {
  Require(absl::IsInvalidArgument(status) || absl::IsUnimplemented(status) || absl::IsResourceExhausted(status),
          "kInvalidArgument, kUnimplemented or kResourceExhausted, found " + status.ToString());
  Require(!status.message().empty(), "an error that says what is wrong");
}

void ConvertAll(const RecordSet& records, bool fake) {
  MetaConverter converter({.describer = {}, .fake = fake});
  std::vector<at::Tensor> tensors;  // Kept alive, so that later records can refer to them.
  for (const auto& [id, desc] : records.tensors) {
    const absl::StatusOr<at::Tensor> tensor = converter.MetaTensor(*desc);
    ++Outcomes()[tensor.status().code()];
    if (!tensor.ok()) {
      CheckError(tensor.status());
      continue;
    }
    const absl::StatusOr<at::Tensor> again = converter.MetaTensor(*desc);
    Require(again.ok() && again->is_same(*tensor), "the same result for the same record");
    tensors.push_back(*tensor);
  }
}

// Computed without overflow.
bool HasMoreElementsThan(std::int64_t limit, const SymSizes& size) {
  std::int64_t count = 1;
  for (const c10::SymInt& symbolic : size) {
    const std::int64_t extent = symbolic.maybe_as_int().value_or(0);
    if (extent <= 0) return false;
    count = extent > limit / count ? limit + 1 : count * extent;
  }
  return count > limit;
}

// Creates real tensors, if they are small enough.
void MaterializeAll(const RecordSet& records) {
  constexpr std::int64_t kLargest = std::int64_t{16} << 20;
  for (const auto& [id, desc] : records.storages) {
    const std::int64_t size = desc.size.maybe_as_int().value_or(0);
    if (size > kLargest && size < std::int64_t{1} << 50) return;
  }
  const auto fill = [](const MetaStorageDesc&, std::int64_t, absl::Span<char> into) {
    std::fill(into.begin(), into.end(), '\1');
    return absl::OkStatus();
  };
  for (const auto& [id, desc] : records.tensors) {
    // Their size depends on their shape, not on their storage.
    if (desc->extras->is_mkldnn && HasMoreElementsThan(kLargest, desc->size)) continue;
    for (const bool zeros : {true, false}) {
      const absl::StatusOr<at::Tensor> tensor = Materialize(*desc, at::kCPU, zeros ? *Zeros() : *Filler(fill));
      ++Outcomes()[tensor.status().code()];
      if (!tensor.ok()) CheckError(tensor.status());
    }
  }
}

// A record that was read is written in the same form: numbers as numbers, text as text.
void CheckRoundTrip(const RecordSet& records) {
  Json document = {{"storages", Json::array()}, {"tensors", Json::array()}};
  for (const auto& [id, desc] : records.storages) document["storages"].push_back(AsJson(desc, 0));
  for (const auto& [id, desc] : records.tensors) document["tensors"].push_back(AsJson(*desc, 0));
  const absl::StatusOr<RecordSet> again = RecordsFromJson(document);
  Require(again.ok(), "to read what was written");
  for (const auto& [id, desc] : again->tensors) {
    Require(AsJson(*desc, 0) == AsJson(*records.tensors.at(id), 0), "to read the record that was written");
  }
}

}  // namespace

const std::map<absl::StatusCode, std::int64_t>& FuzzOutcomes() { return Outcomes(); }

}  // namespace metaconv

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace metaconv;  // NOLINT
  // Registers the wrapper type of some records.
  static const bool has_wrapper_type = IsTwoTensor(TwoTensor(at::zeros({1}), at::zeros({1})));
  Require(has_wrapper_type, "a wrapper type");
  const Json document = Json::parse(data, data + size, /*cb=*/nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) return 0;
  const absl::StatusOr<RecordSet> records = RecordsFromJson(document);
  if (!records.ok()) {
    Require(absl::IsInvalidArgument(records.status()) || absl::IsUnimplemented(records.status()),
            "kInvalidArgument or kUnimplemented, found " + records.status().ToString());
    return 0;
  }
  CheckRoundTrip(*records);
  ConvertAll(*records, /*fake=*/false);
  ConvertAll(*records, /*fake=*/true);
  MaterializeAll(*records);
  return 0;
}
