#include "describer/region_ids.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace metaconv {
namespace {

constexpr std::uint32_t kPlaces = 1 << IdSlot::kPlaceBits;

void Ignore(const IdSlot&) {}

std::map<std::uint32_t, std::int64_t> Contents(const RegionIds& ids) {
  std::map<std::uint32_t, std::int64_t> contents;
  ids.ForEach(Ignore, [&](const IdSlot& slot) { contents[slot.place()] = slot.id(); });
  return contents;
}

TEST(IdSlotTest, HoldsAnIdAndAMark) {
  IdSlot slot(kPlaces - 1);
  EXPECT_TRUE(slot.is_used());
  EXPECT_TRUE(slot.is_fresh());
  EXPECT_FALSE(slot.has_id());
  slot.set_has_extra();
  EXPECT_FALSE(slot.has_id());
  EXPECT_FALSE(slot.is_fresh());
  for (const std::int64_t id : {std::int64_t{0}, std::int64_t{1}, (std::int64_t{1} << 48) - 2}) {
    slot.set_id(id);
    EXPECT_TRUE(slot.has_id());
    EXPECT_EQ(slot.id(), id);
    EXPECT_TRUE(slot.has_extra());
    EXPECT_EQ(slot.place(), kPlaces - 1);
  }
  EXPECT_TRUE(slot.Is(kPlaces - 1));
  EXPECT_FALSE(slot.Is(0));
  EXPECT_FALSE(IdSlot().is_used());
  EXPECT_FALSE(IdSlot().Is(0));
}

TEST(RegionIdsTest, AnAddressIsARegionAndAPlace) {
  for (const std::uintptr_t address : {std::uintptr_t{0x7f12'3456'0000}, std::uintptr_t{0x7f12'3456'fff8}}) {
    const void* object = reinterpret_cast<const void*>(address);
    EXPECT_EQ(RegionIds::RegionOf(object), 0x7f12'3456u);
    EXPECT_EQ(RegionIds::AddressOf(RegionIds::RegionOf(object), RegionIds::PlaceOf(object)), address);
  }
}

TEST(RegionIdsTest, AMapGivesTheSameAnswers) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    RegionIds ids;
    std::map<std::uint32_t, std::int64_t> expected;
    const std::uint32_t step = seed % 2 == 0 ? 1 : 13;  // Arbitrary places, and places at equal distances.
    for (std::int64_t id = 0; id < 600; ++id) {
      const std::uint32_t place = random() % (kPlaces / step) * step;
      IdSlot& slot = ids.FindOrInsert(place);
      EXPECT_EQ(slot.has_id(), expected.contains(place));
      if (!slot.has_id()) slot.set_id(id);
      expected.try_emplace(place, id);
      if (random() % 100 == 0) {
        ids.RemoveIf(Ignore, [](const IdSlot& slot) { return slot.id() % 3 == 0; });
        std::erase_if(expected, [](const auto& entry) { return entry.second % 3 == 0; });
      }
      ASSERT_EQ(ids.size(), expected.size());
      ASSERT_LE(ids.size(), ids.capacity());
    }
    EXPECT_EQ(Contents(ids), expected);
    for (std::uint32_t place = 0; place < kPlaces; ++place) {
      const IdSlot* slot = ids.Find(place);
      const auto found = expected.find(place);
      ASSERT_EQ(slot != nullptr, found != expected.end()) << place;
      if (slot == nullptr) continue;
      EXPECT_EQ(slot->id(), found->second);
    }
  }
}

// A slot has 8 bytes. More than 21 bytes for an entry would be a table that is less than three eighths full.
TEST(RegionIdsTest, TheTableIsFullEnough) {
  RegionIds ids;
  EXPECT_EQ(ids.capacity(), 1);
  EXPECT_EQ(ids.Find(0), nullptr);
  ids.FindOrInsert(5).set_id(0);
  EXPECT_EQ(ids.capacity(), 1);
  EXPECT_EQ(ids.Find(6), nullptr);  // There is no free slot.
  for (std::uint32_t place = 100; place < 1100; ++place) {
    ids.FindOrInsert(place).set_id(place);
    EXPECT_LE(ids.size() * 4, ids.capacity() * 3);
    EXPECT_GE(ids.size() * 8, ids.capacity() * 3);
  }
  ids.RemoveIf(Ignore, [](const IdSlot& slot) { return slot.id() > 110; });
  EXPECT_EQ(ids.size(), 12);
  EXPECT_EQ(ids.capacity(), 16);
  ids.RemoveIf(Ignore, [](const IdSlot&) { return true; });
  EXPECT_EQ(ids.capacity(), 1);
}

TEST(RegionIdsTest, SlotsStayInPlaceAfterReserve) {
  RegionIds ids;
  ids.FindOrInsert(1).set_id(1);
  ids.Reserve(100);
  std::vector<IdSlot*> slots;
  for (std::uint32_t i = 0; i < 100; ++i) {
    slots.push_back(&ids.FindOrInsert(10 + i));
    slots.back()->set_id(i);
  }
  for (std::uint32_t i = 0; i < 100; ++i) EXPECT_EQ(ids.Find(10 + i), slots[i]);
  const std::size_t capacity = ids.capacity();
  ids.Reserve(0);
  EXPECT_EQ(ids.capacity(), capacity);
}

TEST(RegionIdsTest, EachSlotIsAnnouncedBeforeItIsVisited) {
  RegionIds ids;
  for (std::uint32_t place = 0; place < 500; ++place) ids.FindOrInsert(16 * place).set_id(place);
  std::vector<std::uint32_t> announced;
  std::size_t visited = 0;
  ids.ForEach([&](const IdSlot& slot) { announced.push_back(slot.place()); },
              [&](const IdSlot& slot) {
                ASSERT_LT(visited, announced.size());
                EXPECT_EQ(announced[visited++], slot.place());
              });
  EXPECT_EQ(visited, 500);
}

TEST(RegionIdsTest, Moves) {
  for (const std::uint32_t size : {0u, 1u, 50u}) {
    RegionIds ids;
    for (std::uint32_t place = 0; place < size; ++place) ids.FindOrInsert(place).set_id(place);
    const auto contents = Contents(ids);
    RegionIds moved = std::move(ids);
    EXPECT_EQ(Contents(moved), contents);
    RegionIds other;
    other.FindOrInsert(7).set_id(7);
    other = std::move(moved);
    EXPECT_EQ(Contents(other), contents);
  }
}

}  // namespace
}  // namespace metaconv
