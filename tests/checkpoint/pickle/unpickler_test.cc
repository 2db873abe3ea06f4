#include "checkpoint/pickle/unpickler.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "checkpoint/io/byte_reader.h"
#include "checkpoint/io/byte_source.h"
#include "checkpoint/io/limits.h"
#include "checkpoint/pickle/pickle_heap.h"
#include "checkpoint/pickle/pickle_value.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/checkpoint/pickle_bytes.h"
#include "tests/testing/status_matchers.h"

namespace metaconv {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class StringSource : public ByteSource {
 public:
  explicit StringSource(std::string_view bytes) : rest_(bytes) {}

  absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size) override {
    size = std::min(size, rest_.size());
    std::memcpy(buffer, rest_.data(), size);
    rest_.remove_prefix(size);
    return size;
  }
  absl::Status Skip(std::uint64_t size) override {
    rest_.remove_prefix(static_cast<std::size_t>(size));
    return absl::OkStatus();
  }

 private:
  std::string_view rest_;
};

class UnpicklerTest : public testing::Test {
 protected:
  absl::StatusOr<Unpickled> Read(const std::string& bytes, const Limits& limits = kLimits) {
    StringSource source(bytes);
    ByteReader reader(source, bytes.size());
    return Unpickle(reader, heap_, limits);
  }

  // The repr of the value that the opcodes push.
  std::string Repr(const std::string& opcodes) {
    const absl::StatusOr<Unpickled> pickle = Read(opcodes + "\x85.");
    if (!pickle.ok()) return pickle.status().ToString();
    const std::string text = KeyText(pickle->root);
    return text.substr(1, text.size() - 3);  // Of a tuple of one.
  }

  PickleHeap heap_{kLimits.pickle_heap_bytes};
};

TEST_F(UnpicklerTest, Numbers) {
  EXPECT_EQ(Repr("K\xff"), "255");
  EXPECT_EQ(Repr("M\xff\xff"), "65535");
  EXPECT_EQ(Repr("J\xff\xff\xff\xff"), "-1");
  EXPECT_EQ(Repr(std::string("\x8a\x00", 2)), "0");
  EXPECT_EQ(Repr("\x8a\x01\xff"), "-1");
  EXPECT_EQ(Repr("\x8a\x09" + std::string(8, '\0') + "\x01"), "18446744073709551616");
  EXPECT_EQ(Repr(std::string("\x8b\x01\x00\x00\x00\x07", 6)), "7");
  EXPECT_EQ(Repr("I-12\n"), "-12");
  EXPECT_EQ(Repr("I01\n"), "True");
  EXPECT_EQ(Repr("I00\n"), "False");
  EXPECT_EQ(Repr("L12L\n"), "12");
  EXPECT_EQ(Repr("F1.5\n"), "1.5");
  EXPECT_EQ(Repr(std::string("G\x3f\xf8\x00\x00\x00\x00\x00\x00", 9)), "1.5");
  EXPECT_EQ(Repr("\x88"), "True");
  EXPECT_EQ(Repr("N"), "None");
}

TEST_F(UnpicklerTest, TextAndBytes) {
  EXPECT_EQ(Repr(Text("it's")), "\"it's\"");
  EXPECT_EQ(Repr("S'a\\x41\\n'\n"), "'aA\\n'");
  EXPECT_EQ(Repr("V\\u00e9\n"), "'é'");
  EXPECT_EQ(Repr("U\x02hi"), "'hi'");
  EXPECT_EQ(Repr(std::string("T\x02\x00\x00\x00hi", 7)), "'hi'");
  EXPECT_EQ(Repr("\x8c\x02hi"), "'hi'");
  EXPECT_EQ(Repr("\x8d" + LittleEndian(2, 8) + "hi"), "'hi'");
  EXPECT_EQ(Repr("C\x02\xff'"), "b\"\\xff'\"");
  EXPECT_EQ(Repr("B" + LittleEndian(1, 4) + "x"), "b'x'");
  EXPECT_EQ(Repr("\x8e" + LittleEndian(1, 8) + "x"), "b'x'");
  EXPECT_EQ(Repr("\x96" + LittleEndian(1, 8) + "x"), "b'x'");
  EXPECT_EQ(Repr("B" + LittleEndian(100'000, 4) + std::string(100'000, 'x')), "<bytes of 100000>");
}

TEST_F(UnpicklerTest, Containers) {
  EXPECT_EQ(Repr(")"), "()");
  EXPECT_EQ(Repr("K\1\x85"), "(1,)");
  EXPECT_EQ(Repr("K\1K\2\x86"), "(1, 2)");
  EXPECT_EQ(Repr("K\1K\2K\3\x87"), "(1, 2, 3)");
  EXPECT_EQ(Repr("(K\1t"), "(1,)");
  EXPECT_EQ(Repr("]K\1a"), "[1]");
  EXPECT_EQ(Repr("](K\1K\2e"), "[1, 2]");
  EXPECT_EQ(Repr("(K\1l"), "[1]");
  EXPECT_EQ(Repr("(K\1\x91"), "frozenset({1})");
  const absl::StatusOr<Unpickled> pickle = Read("(K\1K\2dK\3K\4s(K\5K\6u.");
  ASSERT_THAT(pickle, IsOk());
  ASSERT_NE(As<PickleDict>(pickle->root), nullptr);
  EXPECT_EQ(As<PickleDict>(pickle->root)->items.size(), 3u);
}

TEST_F(UnpicklerTest, StackAndMemo) {
  EXPECT_EQ(Repr("K\1K\2"
                 "0"),
            "1");
  EXPECT_EQ(Repr("K\1(K\2K\3"
                 "1"),
            "1");
  EXPECT_EQ(Repr("K\1(0"), "1");
  EXPECT_EQ(Repr("K\1"
                 "2\x86"),
            "(1, 1)");
  EXPECT_EQ(Repr("K\1q\7"
                 "0h\7"),
            "1");
  EXPECT_EQ(Repr("K\1r" + LittleEndian(1 << 30, 4) + "0j" + LittleEndian(1 << 30, 4)), "1");
  EXPECT_EQ(Repr("K\1p12\n0g12\n"), "1");
  EXPECT_EQ(Repr("K\1\x94"
                 "0h" +
                 std::string(1, '\0')),
            "1");
  // Entries in any order; a later one replaces an earlier one, and MEMOIZE adds one behind all others.
  EXPECT_EQ(Repr("K\1" + Put(1) + "0K\2" + Put(0) + "0K\3" + Put(1) +
                 "0K\4\x94"
                 "0" +
                 Get(0) + Get(1) + Get(2) + "\x87"),
            "(2, 3, 4)");
  EXPECT_EQ(Repr("K\1" + Put(9) +
                 "0K\2\x94"
                 "0" +
                 Get(9) + Get(1) + "\x86"),
            "(1, 2)");
  EXPECT_EQ(Repr("\x80\5\x95" + LittleEndian(4, 8) + "K\1"), "1");
}

TEST_F(UnpicklerTest, SharedValuesAreOneNode) {
  const absl::StatusOr<Unpickled> pickle = Read("](]q\1h\1e.");
  ASSERT_THAT(pickle, IsOk());
  const PickleList& list = *As<PickleList>(pickle->root);
  ASSERT_EQ(list.items.size(), 2u);
  EXPECT_EQ(AddressOf(list.items[0]), AddressOf(list.items[1]));
}

TEST_F(UnpicklerTest, CallsAreKeptAndNotMade) {
  const absl::StatusOr<Unpickled> pickle =
      Read("cpackage.module\nClass\n(K\1t\x81}" + Text("x") + "K\2sbK\3a" + Text("k") + "K\4s.");
  ASSERT_THAT(pickle, IsOk());
  const PickleObject* const object = As<PickleObject>(pickle->root);
  ASSERT_NE(object, nullptr);
  EXPECT_EQ(As<PickleGlobal>(object->callable)->FullName(), "package.module.Class");
  EXPECT_EQ(KeyText(object->args), "(1,)");
  EXPECT_EQ(object->states.size(), 1u);
  EXPECT_EQ(object->appended.size(), 1u);
  EXPECT_EQ(object->items.size(), 1u);
  for (const std::string call : {"(K\1ios\nsystem\n.", "(cos\nsystem\nK\1o.", "cos\nsystem\n(K\1tR.",
                                 "\x8c\2os\x8c\6system\x93K\1\x85R.", "cos\nsystem\nK\1\x85}\x92."}) {
    const absl::StatusOr<Unpickled> result = Read(call);
    ASSERT_THAT(result, IsOk());
    EXPECT_EQ(KeyText(As<PickleObject>(result->root)->callable), "os.system");
    EXPECT_EQ(KeyText(As<PickleObject>(result->root)->args), "(1,)");
  }
}

TEST_F(UnpicklerTest, PersistentObjectsComeInOrder) {
  const absl::StatusOr<Unpickled> pickle = Read("Pfirst\n0K\2QK\3Q\x86.");
  ASSERT_THAT(pickle, IsOk());
  ASSERT_EQ(pickle->persistent.size(), 3u);
  EXPECT_EQ(KeyText(pickle->persistent[0]->id), "first");
  EXPECT_EQ(KeyText(pickle->persistent[1]->id), "2");
  EXPECT_EQ(KeyText(pickle->persistent[2]->id), "3");
}

TEST_F(UnpicklerTest, StopsAfterTheOpcodeStop) {
  const std::string bytes = "K\1.K\2.";
  StringSource source(bytes);
  ByteReader reader(source, bytes.size());
  EXPECT_EQ(std::get<std::int64_t>(Unpickle(reader, heap_)->root), 1);
  EXPECT_EQ(reader.offset(), 3u);
  EXPECT_EQ(std::get<std::int64_t>(Unpickle(reader, heap_)->root), 2);
}

struct BadPickle {
  std::string bytes;
  std::string message;
};

TEST_F(UnpicklerTest, MalformedPicklesAreDataLossWithTheOffset) {
  const BadPickle kBad[] = {
      {"", "offset 0: expected 1 more bytes, found 0"},
      {"N", "offset 1: expected 1 more bytes, found 0"},
      {"NN\xff", "offset 2: expected a pickle opcode, found the byte 0xff"},
      {"\x80\x63.", "offset 0: expected a pickle protocol up to 5, found 99"},
      {".", "offset 0: expected 1 values on the stack, found 0"},
      {"(.", "offset 1: expected 1 values on the stack, found 0"},
      {"t", "offset 0: expected a mark"},
      {"N(\x86.", "offset 2: expected 2 values on the stack, found 0"},
      {"h\5.", "offset 0: expected a memoized value, found none under 5"},
      {"g-1\n.", "offset 0: expected the number of a memo entry"},
      {"Ix\n.", "offset 0: expected an integer in decimal"},
      {"Fx\n.", "offset 0: expected a number"},
      {"S'x\n.", "offset 0: expected a quoted string"},
      {"V\\u12\n.", "offset 0: expected raw-unicode-escape text"},
      {"I1", "offset 0: expected a line feed, found the end of the data"},
      {"X\xff\xff\xff\xff", "offset 0: expected 4294967295 more bytes, found 0"},
      {"\x8d\xff\xff\xff\xff\xff\xff\xff\xffx", "offset 0: expected 18446744073709551615 more bytes, found 1"},
      {"\x8e\xff\xff\xff\xff\xff\xff\xff\x7fx", "offset 0: expected 9223372036854775807 more bytes"},
      {"\x8b\xff\xff\xff\xffx", "offset 0: expected 4294967295 more bytes"},
      {"\x95\xff\xff\xff\xff\xff\xff\xff\xff", "offset 0: expected 18446744073709551615 more bytes"},
      {"K\1K\2a.", "offset 4: expected a list or a set to append to, found the int 1"},
      {"]K\1K\2s.", "offset 5: expected a dict to set items of, found a list"},
      {"}(K\1u.", "offset 4: expected a value for every key"},
      {"K\1)R.", "offset 3: expected a function or a class, found the int 1"},
      {"cos\nsystem\nK\1R.", "expected a tuple of arguments, found the int 1"},
      {"K\1}b.", "offset 3: expected an object to set the state of, found the int 1"},
      {"K\1K\2\x93.", "offset 4: expected a module and a name"},
      {"(o.", "offset 1: expected a class on the stack"},
      {"\x82\1.", "offset 0: expected no extension codes, found 1"},
  };
  for (const BadPickle& bad : kBad) {
    EXPECT_THAT(Read(bad.bytes), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(bad.message))) << bad.bytes;
  }
  EXPECT_THAT(Read("\x97."), StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("out-of-band buffers")));
}

TEST_F(UnpicklerTest, DeeplyNestedValuesAreAnError) {
  Limits limits;
  limits.stack_marks = 1000;
  limits.stack_values = 1000;
  for (const std::string_view piece : {"(", "]", ")", "N", "((", "](", "2"}) {
    EXPECT_THAT(Read("N" + Repeat(piece, 100'000), limits),
                StatusIs(absl::StatusCode::kResourceExhausted, StartsWith("offset ")))
        << piece;
  }
}

TEST_F(UnpicklerTest, TheMemoryOfValuesIsLimited) {
  PickleHeap small(100'000);
  for (const std::string_view piece : {"]0",
                                       "Nq\1"
                                       "0",
                                       "K\1\x85", ")\x81", "(K\1l0"}) {
    const std::string bytes = "cx\ny\n" + Repeat(piece, 200'000);
    StringSource source(bytes);
    ByteReader reader(source, bytes.size());
    const absl::StatusOr<Unpickled> pickle = Unpickle(reader, small);
    EXPECT_FALSE(pickle.ok()) << piece;
  }
  EXPECT_TRUE(small.full());
}

// The innermost value is built first, so the stack stays small. Freeing the values must not be recursive.
TEST_F(UnpicklerTest, AMillionLevelsAreReadAndFreed) {
  const absl::StatusOr<Unpickled> pickle = Read("N" + Repeat("\x85", 1'000'000) + ".");
  ASSERT_THAT(pickle, IsOk());
  EXPECT_NE(As<PickleTuple>(pickle->root), nullptr);
}

}  // namespace
}  // namespace metaconv
