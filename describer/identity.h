// Identity: what a describer knows about an object: its id, and whether it keeps more about it than the id.
//
// Example:
//   IdentifiedObject<c10::StorageImpl> item = {storage.unsafeGetStorageImpl()};
//   storages.GetOrAssign(absl::MakeSpan(&item, 1));
//   item.identity.id;
//
// Thread safety: plain values.
// Lifetime: an IdentifiedObject does not own its object.

#ifndef METACONV_DESCRIBER_IDENTITY_H_
#define METACONV_DESCRIBER_IDENTITY_H_

#include <cstdint>

namespace metaconv {

struct Identity {
  static constexpr std::int64_t kNoId = -1;

  std::int64_t id = kNoId;
  bool has_extra = false;

  bool has_id() const { return id != kNoId; }
};

template <typename Object>
struct IdentifiedObject {
  Object* object = nullptr;
  Identity identity = {};
};

}  // namespace metaconv

#endif  // METACONV_DESCRIBER_IDENTITY_H_
