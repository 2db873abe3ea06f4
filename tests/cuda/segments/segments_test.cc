// Tests every alignment, size and table shape on the host, with guard bytes around the written memory.

#include "cuda/segments/segments.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "meta/checksum.h"

namespace metaconv {
namespace {

constexpr std::uint64_t kGuard = 32;
constexpr unsigned char kGuardByte = 0xa5;

// A buffer whose address is `alignment` modulo 64, with guard bytes on both sides.
class Bytes {
 public:
  Bytes(std::uint64_t size, std::uint64_t alignment) : size_(size), memory_(size + 2 * kGuard + 128, kGuardByte) {
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.data()) + kGuard;
    start_ = kGuard + (64 - address % 64) % 64 + alignment;
  }

  char* data() { return reinterpret_cast<char*>(memory_.data() + start_); }
  std::vector<unsigned char> Get() const {
    return std::vector<unsigned char>(memory_.begin() + start_, memory_.begin() + start_ + size_);
  }
  bool GuardsAreIntact() const {
    for (std::uint64_t i = 0; i < memory_.size(); ++i) {
      if ((i < start_ || i >= start_ + size_) && memory_[i] != kGuardByte) return false;
    }
    return true;
  }
  void Fill(std::uint64_t seed) {
    for (std::uint64_t i = 0; i < size_; ++i) memory_[start_ + i] = static_cast<unsigned char>(MixBits(seed + i));
  }

 private:
  std::uint64_t size_;
  std::uint64_t start_;
  std::vector<unsigned char> memory_;
};

// A simple implementation of the checksum defined in meta/checksum.h.
std::uint64_t PlainSum(const std::vector<unsigned char>& bytes) {
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i * 8 < bytes.size(); ++i) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i * 8, std::min<std::uint64_t>(8, bytes.size() - i * 8));
    sum += ChecksumTerm(word, i);
  }
  return sum;
}

// Runs all threads of all blocks in reverse order, because the order is unspecified.
void Launch(const SegmentTable& table, std::uint64_t blocks, std::uint32_t threads) {
  for (std::uint64_t block = blocks; block-- > 0;) {
    for (std::uint32_t thread = threads; thread-- > 0;) {
      RunSegments(table, {block, blocks, thread, threads},
                  [](std::uint64_t* sum, std::uint64_t term) { *sum += term; });
    }
  }
}

TEST(Segments, CopiesEveryAlignmentAndSize) {
  for (std::uint64_t from_at = 0; from_at < 32; ++from_at) {
    for (std::uint64_t into_at = 0; into_at < 32; ++into_at) {
      for (std::uint64_t size = 0; size <= 200; ++size) {
        Bytes from(size, from_at), into(size, into_at);
        from.Fill(size * 1024 + from_at * 32 + into_at);
        for (std::uint32_t thread = 0; thread < 5; ++thread) CopyBytes(into.data(), from.data(), size, thread, 5);
        ASSERT_EQ(into.Get(), from.Get()) << from_at << " " << into_at << " " << size;
        ASSERT_TRUE(into.GuardsAreIntact()) << from_at << " " << into_at << " " << size;
      }
    }
  }
}

TEST(Segments, FillsEveryAlignmentAndSize) {
  for (const unsigned char fill : {0x00, 0x5c, 0xff}) {
    for (std::uint64_t at = 0; at < 32; ++at) {
      for (std::uint64_t size = 0; size <= 200; ++size) {
        Bytes into(size, at);
        for (std::uint32_t thread = 0; thread < 3; ++thread) FillBytes(into.data(), fill, size, thread, 3);
        ASSERT_EQ(into.Get(), std::vector<unsigned char>(size, fill)) << at << " " << size;
        ASSERT_TRUE(into.GuardsAreIntact()) << at << " " << size;
      }
    }
  }
}

TEST(Segments, SumsEveryAlignmentAndSize) {
  for (std::uint64_t at = 0; at < 32; ++at) {
    for (std::uint64_t size = 0; size <= 200; ++size) {
      for (const std::uint32_t threads : {1u, 3u, 64u}) {
        Bytes from(size, at);
        from.Fill(size);
        std::uint64_t sum = 0;
        for (std::uint32_t thread = 0; thread < threads; ++thread) {
          sum += SumOfBytes(from.data(), size, 0, thread, threads);
        }
        ASSERT_EQ(sum, PlainSum(from.Get())) << at << " " << size << " " << threads;
      }
    }
  }
}

TEST(Segments, PartsCoverEachByteOnce) {
  for (const std::uint64_t word : {1u, 2u, 4u, 8u, 16u}) {
    for (std::uint64_t at = 0; at < word; ++at) {
      for (std::uint64_t size = 0; size <= 200; ++size) {
        const WordSplit split = SplitIntoWords(at, size, word);
        ASSERT_EQ(split.head + word * split.words + split.tail, size);
        ASSERT_LT(split.head, word);
        ASSERT_LT(split.tail, word);
        if (split.words > 0) {
          ASSERT_EQ((at + split.head) % word, 0u);
        }
      }
    }
  }
}

TEST(Segments, FindsEachChunk) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<Segment> segments(1 + random() % 40);
    for (Segment& segment : segments) {
      const std::uint64_t sizes[] = {
          0, 0, 1, kChunkBytes, kChunkBytes - 1, kChunkBytes + 1, random() % (5 * kChunkBytes)};
      segment.size = sizes[random() % std::size(sizes)];
    }
    SegmentTable table = {.segments = segments.data(), .size = segments.size(), .chunks = CountChunks(segments)};
    std::uint64_t chunk = 0;
    for (std::uint64_t i = 0; i < segments.size(); ++i) {
      for (std::uint64_t begin = 0; begin < segments[i].size; begin += kChunkBytes, ++chunk) {
        const ChunkPlace at = FindChunk(table, chunk);
        ASSERT_EQ(at.segment, i);
        ASSERT_EQ(at.begin, begin);
        ASSERT_EQ(at.size, std::min(kChunkBytes, segments[i].size - begin));
      }
    }
    ASSERT_EQ(chunk, table.chunks);
  }
}

TEST(Segments, FindsChunksBeyondFourGigabytes) {
  // Computes offsets for sizes larger than the memory of test machines. Does not access memory.
  const std::uint64_t huge = std::uint64_t{1} << 45;
  std::vector<Segment> segments = {{.size = huge + 1}, {.size = 0}, {.size = 3 * huge + 17}, {.size = 5}};
  const SegmentTable table = {.segments = segments.data(), .size = 4, .chunks = CountChunks(segments)};
  EXPECT_EQ(table.chunks, huge / kChunkBytes + 1 + 3 * huge / kChunkBytes + 1 + 1);

  ChunkPlace at = FindChunk(table, huge / kChunkBytes - 1);
  EXPECT_EQ(at.segment, 0u);
  EXPECT_EQ(at.begin, huge - kChunkBytes);
  EXPECT_EQ(at.size, kChunkBytes);
  at = FindChunk(table, huge / kChunkBytes);
  EXPECT_EQ(at.begin, huge);
  EXPECT_EQ(at.size, 1u);
  at = FindChunk(table, table.chunks - 2);
  EXPECT_EQ(at.segment, 2u);
  EXPECT_EQ(at.begin, 3 * huge);
  EXPECT_EQ(at.size, 17u);
  at = FindChunk(table, table.chunks - 1);
  EXPECT_EQ(at.segment, 3u);
  EXPECT_EQ(at.begin, 0u);
  EXPECT_EQ(at.size, 5u);

  const std::uint64_t most = ~std::uint64_t{0};
  EXPECT_EQ(ChunksOf(most), most / kChunkBytes + 1);
  EXPECT_EQ(SplitIntoWords(1, most).words, (most - 15) / 16);
}

TEST(Segments, EmptyTablesDoNothing) {
  std::vector<Segment> segments;
  Launch({.chunks = CountChunks(segments)}, 3, 4);
  segments.resize(5);
  const std::uint64_t chunks = CountChunks(segments);
  EXPECT_EQ(chunks, 0u);
  Launch({.segments = segments.data(), .size = 5, .chunks = chunks, .work = SegmentWork::kFill}, 3, 4);
}

TEST(Segments, RandomTables) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 120; ++round) {
    std::vector<Bytes> from, into;
    std::vector<Segment> segments;
    std::vector<std::uint64_t> sums(1 + random() % 30);
    for (std::uint64_t i = 0; i < sums.size(); ++i) {
      const std::uint64_t sizes[] = {0, random() % 64, random() % 5000, kChunkBytes, random() % (3 * kChunkBytes)};
      const std::uint64_t size = sizes[random() % std::size(sizes)];
      const std::uint64_t alignment = random() % 64;
      from.emplace_back(size, alignment).Fill(random());
      into.emplace_back(size, random() % 2 == 0 ? alignment : random() % 64);
      segments.push_back({.from = from.back().data(), .into = into.back().data(), .size = size});
    }
    SegmentTable table = {.segments = segments.data(), .size = segments.size(), .chunks = CountChunks(segments)};
    const std::uint64_t blocks = 1 + random() % 9;
    const std::uint32_t threads = 1 + random() % 40;
    Launch(table, blocks, threads);
    for (std::uint64_t i = 0; i < sums.size(); ++i) {
      ASSERT_EQ(into[i].Get(), from[i].Get());
      ASSERT_TRUE(into[i].GuardsAreIntact());
      segments[i].into = reinterpret_cast<char*>(&sums[i]);
    }
    table.work = SegmentWork::kChecksum;
    Launch(table, blocks, threads);
    for (std::uint64_t i = 0; i < sums.size(); ++i) {
      ASSERT_EQ(sums[i], PlainSum(from[i].Get()));
      segments[i].into = into[i].data();
    }
    table.work = SegmentWork::kFill;
    table.fill = static_cast<unsigned char>(random());
    Launch(table, blocks, threads);
    for (const Bytes& bytes : into) {
      const std::vector<unsigned char> found = bytes.Get();
      ASSERT_EQ(found, std::vector<unsigned char>(found.size(), table.fill));
      ASSERT_TRUE(bytes.GuardsAreIntact());
    }
  }
}

}  // namespace
}  // namespace metaconv
