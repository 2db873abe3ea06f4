#include "tests/fuzz/json_mutator.h"

#include <iterator>
#include <limits>
#include <string>
#include <utility>

namespace metaconv {
namespace {

using Json = JsonMutator::Json;

constexpr std::int64_t kNumbers[] = {
    -1,
    0,
    1,
    2,
    3,
    4,
    7,
    64,
    -2,
    1 << 16,
    (1LL << 31) - 1,
    1LL << 31,
    1LL << 32,
    1LL << 40,
    (1LL << 62) - 1,
    1LL << 62,
    -(1LL << 62),
    std::numeric_limits<std::int64_t>::max(),
    std::numeric_limits<std::int64_t>::min(),
};

constexpr const char* kDtypes[] = {"bool",          "uint8",   "int32",           "int64",     "float16",
                                   "bfloat16",      "float32", "float64",         "complex64", "complex128",
                                   "complex32",     "qint8",   "quint4x2",        "bits8",     "bits1x8",
                                   "float8_e4m3fn", "uint1",   "float4_e2m1fn_x2"};
constexpr const char* kLayouts[] = {"strided",    "sparse_coo", "sparse_csr", "sparse_csc",
                                    "sparse_bsr", "sparse_bsc", "_mkldnn",    "jagged"};
constexpr const char* kDevices[] = {"cpu", "cuda", "meta", "mps", "xpu", "mkldnn", "lazy", "privateuseone", "fpga"};
constexpr const char* kCreationMetas[] = {"DEFAULT", "IN_CUSTOM_FUNCTION", "MULTI_OUTPUT_NODE", "NO_GRAD_MODE",
                                          "INFERENCE_MODE"};

constexpr const char* kFlags[] = {"is_inference",
                                  "is_leaf",
                                  "requires_grad",
                                  "is_sparse",
                                  "is_mkldnn",
                                  "is_functorch_wrapped",
                                  "is_batchedtensor",
                                  "is_legacy_batchedtensor",
                                  "is_gradtrackingtensor",
                                  "is_view",
                                  "is_nested",
                                  "is_traceable_wrapper_subclass",
                                  "is_functional",
                                  "is_conj",
                                  "is_neg",
                                  "is_parameter",
                                  "is_buffer",
                                  "is_coalesced"};
constexpr const char* kReferences[] = {"base",        "grad",         "unwrapped",   "values", "crow_indices",
                                       "col_indices", "ccol_indices", "row_indices", "storage"};

bool StartsWith(const std::string& text, const char* prefix) { return text.rfind(prefix, 0) == 0; }

}  // namespace

void JsonMutator::Mutate(Json& document, const Json& other) {
  for (std::size_t changes = 1 + Below(3); changes > 0; --changes) MutateOnce(document, other);
}

Json* JsonMutator::AnyRecord(Json& document) {
  Json& list = document[Below(6) == 0 ? "storages" : "tensors"];
  if (!list.is_array() || list.empty()) return nullptr;
  Json& record = list[Below(list.size())];
  return record.is_object() && !record.empty() ? &record : nullptr;
}

Json* JsonMutator::AnyField(Json& record) {
  return &std::next(record.begin(), static_cast<std::ptrdiff_t>(Below(record.size()))).value();
}

Json JsonMutator::AnyNumber(const Json& document) {
  // Often a meaningful number: the id of a record.
  if (Below(3) == 0 && document["tensors"].is_array()) {
    return static_cast<std::int64_t>(Below(document["tensors"].size() + 1));
  }
  return kNumbers[Below(std::size(kNumbers))];
}

void JsonMutator::MutateOnce(Json& document, const Json& other) {
  Json* record = AnyRecord(document);
  if (record == nullptr) return;
  switch (Below(12)) {
    case 0:  // Remove a field.
      record->erase(std::next(record->begin(), static_cast<std::ptrdiff_t>(Below(record->size()))));
      return;
    case 1: {  // Copy a field of another record.
      Json copy = other;
      const Json* from = AnyRecord(Below(2) == 0 ? document : copy);
      if (from == nullptr) return;
      const auto field = std::next(from->begin(), static_cast<std::ptrdiff_t>(Below(from->size())));
      const std::string name = field.key();
      Json value = field.value();
      if (name != "id") (*record)[name] = std::move(value);
      return;
    }
    case 2: {  // Toggle a flag.
      const char* flag = kFlags[Below(std::size(kFlags))];
      (*record)[flag] = !(record->contains(flag) && (*record)[flag] == true);
      return;
    }
    case 3:  // Set a nested record, which may create a cycle.
      (*record)[kReferences[Below(std::size(kReferences))]] = AnyNumber(document);
      return;
    case 4: {  // Copy a record of another document.
      Json copy = other;
      const Json* from = AnyRecord(copy);
      if (from == nullptr) return;
      Json id = (*record)["id"];
      Json inserted = *from;
      inserted["id"] = std::move(id);
      *record = std::move(inserted);
      return;
    }
    case 5:
      (*record)["layout"] = std::string("torch.") + kLayouts[Below(std::size(kLayouts))];
      return;
    case 6:
      (*record)["dtype"] = std::string("torch.") + kDtypes[Below(std::size(kDtypes))];
      return;
    case 7: {  // Change the number of dimensions consistently in all fields.
      if (!record->contains("size") || !(*record)["size"].is_array()) return;
      for (const char* field : {"size", "stride"}) {
        Json& list = (*record)[field];
        if (list.is_array()) list.push_back(AnyNumber(document));
      }
      (*record)["ndim"] = (*record)["size"].size();
      return;
    }
    case 8:
      (*record)["device"] =
          std::string("device(type='") + kDevices[Below(std::size(kDevices))] + (Below(2) == 0 ? "')" : "', index=0)");
      return;
    case 9:
      (*record)[Below(2) == 0 ? "bdim" : Below(2) == 0 ? "storage_offset" : "dense_dim"] = AnyNumber(document);
      return;
    default:
      MutateValue(*AnyField(*record), document);
  }
}

void JsonMutator::MutateValue(Json& value, const Json& document) {
  if (value.is_boolean()) {
    value = !value.get<bool>();
  } else if (value.is_number()) {
    value = Below(40) == 0 ? Json(1.5) : AnyNumber(document);
  } else if (value.is_string()) {
    MutateText(value);
  } else if (value.is_array()) {
    if (!value.empty() && Below(3) != 0) {
      MutateValue(value[Below(value.size())], document);
    } else if (Below(2) == 0) {
      value.push_back(value.empty() || Below(2) == 0 ? AnyNumber(document) : value[0]);
    } else if (!value.empty()) {
      value.erase(Below(value.size()));
    }
  } else if (value.is_object() && !value.empty()) {
    MutateValue(*AnyField(value), document);
  } else {
    value = AnyNumber(document);
  }
}

void JsonMutator::MutateText(Json& value) {
  const std::string text = value.get<std::string>();
  const auto choose = [&](const auto& texts) { return std::string(texts[Below(std::size(texts))]); };
  if (Below(20) == 0) {
    value = nullptr;
  } else if (StartsWith(text, "device(")) {
    value = "device(type='" + choose(kDevices) + "')";
  } else if (StartsWith(text, "CreationMeta.")) {
    value = "CreationMeta." + choose(kCreationMetas);
  } else if (StartsWith(text, "torch.s") || StartsWith(text, "torch._")) {
    value = "torch." + choose(kLayouts);
  } else if (StartsWith(text, "torch.")) {
    value = "torch." + choose(kDtypes);
  } else if (text.find_first_not_of("-0123456789") == std::string::npos) {
    value = std::to_string(kNumbers[Below(std::size(kNumbers))]);
  } else if (!text.empty()) {
    value = text.substr(0, Below(text.size()));
  }
}

}  // namespace metaconv
