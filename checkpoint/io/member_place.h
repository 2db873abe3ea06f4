// MemberPlace: how messages name a member of an archive.
//
// Example:
//   WithContext(MemberPlace(name), status, ", ");   // "member 'archive/data.pkl', offset 12: expected ..."
//
// Thread safety: a pure function.
// Lifetime: keeps nothing.

#ifndef METACONV_CHECKPOINT_IO_MEMBER_PLACE_H_
#define METACONV_CHECKPOINT_IO_MEMBER_PLACE_H_

#include <string>
#include <string_view>

namespace metaconv {

// "member 'NAME'", with bytes that are not UTF-8 escaped.
std::string MemberPlace(std::string_view name);

}  // namespace metaconv

#endif  // METACONV_CHECKPOINT_IO_MEMBER_PLACE_H_
