// SegmentTable: byte ranges that one kernel launch copies, fills or computes checksums of, and the functions with which
// each thread finds its share of the work.
//
// A segment is divided into chunks of kChunkBytes. The blocks of a launch take the chunks of all segments in turn, and
// the threads of a block share a chunk, so the load is balanced for a thousand small segments as well as for a single
// large one. All functions also run on the host, where they are tested.
//
// Example:
//   std::vector<Segment> segments = {{.from = a, .into = b, .size = 100}, {.from = c, .into = d, .size = 1 << 20}};
//   const std::uint64_t chunks = CountChunks(absl::MakeSpan(segments));
//   SegmentTable table = {.segments = segments.data(), .size = 2, .chunks = chunks, .work = SegmentWork::kCopy};
//   for (thread = 0; thread < blocks * threads; ++thread) RunSegments(table, share of this thread, add);
//
// Thread safety: pure functions on the memory that the table points to; no two threads of a launch write the same byte.
// Lifetime: retains no reference to its arguments.

#ifndef METACONV_CUDA_SEGMENTS_SEGMENTS_H_
#define METACONV_CUDA_SEGMENTS_SEGMENTS_H_

#include <cstdint>

#include "meta/checksum.h"

namespace metaconv {

// A multiple of the sizes of checksum words (8 bytes) and of vectors (16 bytes), which start at multiples of their size
// from the segment's start.
inline constexpr std::uint64_t kChunkBytes = 64 * 1024;

struct Segment {
  const char* from = nullptr;     // kCopy, kChecksum
  char* into = nullptr;           // kCopy, kFill; kChecksum: the std::uint64_t to add the terms to
  std::uint64_t size = 0;         // In bytes.
  std::uint64_t first_chunk = 0;  // The number of chunks before this segment; see CountChunks.
};

enum class SegmentWork : std::uint32_t {
  kCopy,      // Copies `from` to `into`, which must not overlap.
  kFill,      // Sets each byte of `into` to `fill`.
  kChecksum,  // Adds ChecksumTerm for each word of `from`, but not the term of the length.
};

// The largest table that can be passed as a kernel argument. CUDA limits the arguments of a launch to 32,764 bytes.
inline constexpr std::uint64_t kMaxArgumentSegments = 1000;

// Tables of up to this size are passed in an argument of less than 4 KiB, with which a launch takes the least time.
inline constexpr std::uint64_t kFewArgumentSegments = 120;

struct SegmentTable {
  const Segment* segments = nullptr;  // In memory that the threads can read.
  std::uint64_t size = 0;
  std::uint64_t chunks = 0;
  SegmentWork work = SegmentWork::kCopy;
  unsigned char fill = 0;
};

// The position of one thread in a launch.
struct ThreadPlace {
  std::uint64_t block = 0;
  std::uint64_t blocks = 1;
  std::uint32_t thread = 0;
  std::uint32_t threads = 1;
};

METACONV_HOST_DEVICE constexpr std::uint64_t ChunksOf(std::uint64_t size) {
  return size / kChunkBytes + (size % kChunkBytes != 0);
}

// A chunk as a byte range of a segment.
struct ChunkPlace {
  std::uint64_t segment = 0;
  std::uint64_t begin = 0;
  std::uint64_t size = 0;
};

// The segment and byte range of a chunk. `chunk` must be less than `table.chunks`.
METACONV_HOST_DEVICE constexpr ChunkPlace FindChunk(const SegmentTable& table, std::uint64_t chunk) {
  // Binary search for the last segment whose first chunk is not after `chunk`. An empty segment has the same first
  // chunk as the next segment.
  std::uint64_t first = 0, last = table.size - 1;
  while (first < last) {
    const std::uint64_t middle = last - (last - first) / 2;
    if (table.segments[middle].first_chunk <= chunk) {
      first = middle;
    } else {
      last = middle - 1;
    }
  }
  const Segment& segment = table.segments[first];
  const std::uint64_t begin = (chunk - segment.first_chunk) * kChunkBytes;
  const std::uint64_t rest = segment.size - begin;
  return {first, begin, rest < kChunkBytes ? rest : kChunkBytes};
}

// Sets `first_chunk` of each of `segments`, any range of Segment, and returns the total number of chunks.
template <typename Segments>
std::uint64_t CountChunks(Segments&& segments) {
  std::uint64_t chunks = 0;
  for (Segment& segment : segments) {
    segment.first_chunk = chunks;
    chunks += ChunksOf(segment.size);
  }
  return chunks;
}

namespace internal {

struct alignas(16) Vector {
  std::uint64_t words[2];
};

// memcpy of a constant size from an aligned address compiles to one instruction, on devices too.
template <typename T>
METACONV_HOST_DEVICE T Read(const char* from) {
  T value;
  __builtin_memcpy(&value, __builtin_assume_aligned(from, alignof(T)), sizeof(T));
  return value;
}
template <typename T>
METACONV_HOST_DEVICE void Write(char* into, const T& value) {
  __builtin_memcpy(__builtin_assume_aligned(into, alignof(T)), &value, sizeof(T));
}

METACONV_HOST_DEVICE inline std::uint64_t Misalignment(const void* address, std::uint64_t alignment) {
  return reinterpret_cast<std::uintptr_t>(address) % alignment;
}

}  // namespace internal

// A byte range, divided into the bytes before the first aligned word, the words, and the bytes after the last one.
struct WordSplit {
  std::uint64_t head = 0;
  std::uint64_t words = 0;
  std::uint64_t tail = 0;
};

// `misalignment` is the start address modulo the size of a word.
METACONV_HOST_DEVICE constexpr WordSplit SplitIntoWords(std::uint64_t misalignment, std::uint64_t size,
                                                        std::uint64_t word = 16) {
  const std::uint64_t to_aligned = (word - misalignment % word) % word;
  const std::uint64_t head = to_aligned < size ? to_aligned : size;
  return {head, (size - head) / word, (size - head) % word};
}

namespace internal {

// CopyBytes, for two ranges with the same misalignment to `Word`.
template <typename Word>
METACONV_HOST_DEVICE void CopyWords(char* into, const char* from, std::uint64_t size, std::uint32_t thread,
                                    std::uint32_t threads) {
  const WordSplit split = SplitIntoWords(Misalignment(into, sizeof(Word)), size, sizeof(Word));
  const std::uint64_t tail = size - split.tail;
  for (std::uint64_t i = thread; i < split.head; i += threads) into[i] = from[i];
  for (std::uint64_t i = thread; i < split.words; i += threads) {
    const std::uint64_t at = split.head + i * sizeof(Word);
    Write(into + at, Read<Word>(from + at));
  }
  for (std::uint64_t i = tail + thread; i < size; i += threads) into[i] = from[i];
}

}  // namespace internal

// Copies the share of thread `thread` of `threads`. Storages of LibTorch's allocators are aligned to 64 bytes or more,
// but their place in a file, and with it in a buffer, is often a multiple of only 8 or less.
METACONV_HOST_DEVICE inline void CopyBytes(char* into, const char* from, std::uint64_t size, std::uint32_t thread,
                                           std::uint32_t threads) {
  const std::uint64_t difference = reinterpret_cast<std::uintptr_t>(into) ^ reinterpret_cast<std::uintptr_t>(from);
  if (difference % 16 == 0) {
    internal::CopyWords<internal::Vector>(into, from, size, thread, threads);
  } else if (difference % 8 == 0) {
    internal::CopyWords<std::uint64_t>(into, from, size, thread, threads);
  } else if (difference % 4 == 0) {
    internal::CopyWords<std::uint32_t>(into, from, size, thread, threads);
  } else if (difference % 2 == 0) {
    internal::CopyWords<std::uint16_t>(into, from, size, thread, threads);
  } else {
    internal::CopyWords<char>(into, from, size, thread, threads);
  }
}

// Fills the share of thread `thread` of `threads`.
METACONV_HOST_DEVICE inline void FillBytes(char* into, unsigned char fill, std::uint64_t size, std::uint32_t thread,
                                           std::uint32_t threads) {
  using internal::Vector;
  const WordSplit split = SplitIntoWords(internal::Misalignment(into, 16), size);
  const std::uint64_t word = fill * std::uint64_t{0x0101010101010101};
  const std::uint64_t tail = size - split.tail;
  for (std::uint64_t i = thread; i < split.head; i += threads) into[i] = static_cast<char>(fill);
  for (std::uint64_t i = thread; i < split.words; i += threads) {
    internal::Write(into + split.head + i * sizeof(Vector), Vector{{word, word}});
  }
  for (std::uint64_t i = tail + thread; i < size; i += threads) into[i] = static_cast<char>(fill);
}

// Reads up to 8 bytes from any address as a little-endian word.
METACONV_HOST_DEVICE inline std::uint64_t WordOfBytes(const char* from, std::uint64_t size) {
  std::uint64_t word = 0;
  for (std::uint64_t i = 0; i < size; ++i) {
    word |= static_cast<std::uint64_t>(static_cast<unsigned char>(from[i])) << (8 * i);
  }
  return word;
}

// The checksum terms of the share of thread `thread` of `threads`. `first_word` is the index of the first word.
METACONV_HOST_DEVICE inline std::uint64_t SumOfBytes(const char* from, std::uint64_t size, std::uint64_t first_word,
                                                     std::uint32_t thread, std::uint32_t threads) {
  const bool is_aligned = internal::Misalignment(from, 8) == 0;
  const std::uint64_t words = size / 8;
  std::uint64_t sum = 0;
  for (std::uint64_t i = thread; i < words; i += threads) {
    const char* at = from + i * 8;
    const std::uint64_t word = is_aligned ? internal::Read<std::uint64_t>(at) : WordOfBytes(at, 8);
    sum += ChecksumTerm(word, first_word + i);
  }
  if (size % 8 != 0 && words % threads == thread) {
    sum += ChecksumTerm(WordOfBytes(from + words * 8, size % 8), first_word + words);
  }
  return sum;
}

// The work of one thread in a launch. `add(std::uint64_t* sum, std::uint64_t term)` must add `term` to a checksum; all
// threads of a block call it at the same time with the same `sum`.
template <typename Add>
METACONV_HOST_DEVICE void RunSegments(const SegmentTable& table, const ThreadPlace& place, const Add& add) {
  for (std::uint64_t chunk = place.block; chunk < table.chunks; chunk += place.blocks) {
    const ChunkPlace at = FindChunk(table, chunk);
    const Segment& segment = table.segments[at.segment];
    switch (table.work) {
      case SegmentWork::kCopy:
        CopyBytes(segment.into + at.begin, segment.from + at.begin, at.size, place.thread, place.threads);
        break;
      case SegmentWork::kFill:
        FillBytes(segment.into + at.begin, table.fill, at.size, place.thread, place.threads);
        break;
      case SegmentWork::kChecksum:
        add(reinterpret_cast<std::uint64_t*>(segment.into),
            SumOfBytes(segment.from + at.begin, at.size, at.begin / 8, place.thread, place.threads));
        break;
    }
  }
}

}  // namespace metaconv

#endif  // METACONV_CUDA_SEGMENTS_SEGMENTS_H_
