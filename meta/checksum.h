// Checksum: a 64-bit checksum that many threads of a CPU or a GPU can compute in parallel.
//
// It is the sum, modulo 2^64, of one term for each 8-byte word and one term for the length. A term depends on the word
// and on its index, and the terms can be added in any order. It detects accidental corruption; it is not cryptographic.
//
// Example:
//   std::uint64_t sum = ChecksumOfLength(size);
//   for (i = 0; i < words; ++i) sum += ChecksumTerm(word[i], i);   // Little-endian; the last one padded with zeros.
//
// Thread safety: pure functions.
// Lifetime: arguments and results are plain values.
// Source: the finalizer of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).

#ifndef METACONV_META_CHECKSUM_H_
#define METACONV_META_CHECKSUM_H_

#include <cstdint>

#ifdef __CUDACC__
#define METACONV_HOST_DEVICE __host__ __device__
#else
#define METACONV_HOST_DEVICE
#endif

namespace metaconv {

METACONV_HOST_DEVICE constexpr std::uint64_t MixBits(std::uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
  return bits ^ (bits >> 31);
}

// The term of the word at `index`, which counts words from the start.
METACONV_HOST_DEVICE constexpr std::uint64_t ChecksumTerm(std::uint64_t word, std::uint64_t index) {
  return MixBits(word + (index + 1) * 0x9e3779b97f4a7c15u);
}

// The term of the length `size` in bytes.
METACONV_HOST_DEVICE constexpr std::uint64_t ChecksumOfLength(std::uint64_t size) { return MixBits(~size); }

}  // namespace metaconv

#endif  // METACONV_META_CHECKSUM_H_
