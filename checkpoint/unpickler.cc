#include "checkpoint/unpickler.h"

#include <array>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "checkpoint/big_int.h"
#include "checkpoint/byte_reader.h"
#include "checkpoint/limits.h"
#include "checkpoint/pickle_heap.h"
#include "checkpoint/pickle_text.h"
#include "checkpoint/pickle_value.h"

namespace metaconv {
namespace {

constexpr int kNewestProtocol = 5;

// What an element costs the container that holds it, growth of the container included.
constexpr std::size_t kElementBytes = 2 * sizeof(PickleValue);
constexpr std::size_t kMemoEntryBytes = 48;

class Unpickler {
 public:
  Unpickler(ByteReader& reader, PickleHeap& heap, const Limits& limits)
      : reader_(reader), heap_(heap), limits_(limits) {}

  absl::StatusOr<Unpickled> Run() {
    while (!stopped_) {
      at_ = reader_.offset();
      absl::StatusOr<std::uint8_t> code = reader_.ReadLittleEndian<std::uint8_t>();
      if (!code.ok()) return code.status();
      const Opcode opcode = kOpcodes[*code];
      if (opcode.run == nullptr) {
        return Corrupt(absl::StrCat("expected a pickle opcode, found the byte 0x", absl::Hex(*code, absl::kZeroPad2)));
      }
      if (absl::Status status = (this->*opcode.run)(opcode.argument); !status.ok()) return status;
      if (heap_.full()) return Exhausted(absl::StrCat("the values take more than ", heap_.limit(), " bytes"));
      if (stack_.size() > limits_.stack_values || marks_.size() > limits_.stack_marks) {
        return Exhausted(absl::StrCat("values are nested too deeply (", stack_.size(), " on the stack)"));
      }
    }
    return std::move(result_);
  }

 private:
  // What an opcode does, and the number that tells it from others that do nearly the same: the bytes of a length, how
  // many values it takes, the value it pushes. See Table().
  using Handler = absl::Status (Unpickler::*)(int);
  struct Opcode {
    Handler run = nullptr;
    int argument = 0;
  };
  static constexpr std::array<Opcode, 256> Table();
  static const std::array<Opcode, 256> kOpcodes;

  // --- Errors. ---
  absl::Status Corrupt(std::string_view what) const {
    return absl::DataLossError(absl::StrCat("offset ", at_, ": ", std::string(what)));
  }
  absl::Status Exhausted(std::string_view what) const {
    return absl::ResourceExhaustedError(absl::StrCat("offset ", at_, ": ", std::string(what)));
  }
  absl::Status Expected(std::string_view wanted, const PickleValue& found) const {
    return Corrupt(absl::StrCat("expected ", std::string(wanted), ", found ", DescribeKind(found)));
  }

  // --- Reading what follows an opcode. ---

  // A length of `width` bytes that the rest of the pickle can hold.
  absl::StatusOr<std::uint64_t> ReadLength(int width) {
    absl::StatusOr<std::uint64_t> length = ReadUnsigned(width);
    if (!length.ok()) return length;
    if (*length > reader_.remaining()) {
      return Corrupt(absl::StrCat("expected ", *length, " more bytes, found ", reader_.remaining()));
    }
    return length;
  }

  absl::StatusOr<std::uint64_t> ReadUnsigned(int width) {
    absl::StatusOr<std::string_view> bytes = reader_.Take(static_cast<std::size_t>(width));
    if (!bytes.ok()) return bytes.status();
    std::uint64_t value = 0;
    for (std::size_t i = bytes->size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>((*bytes)[i]);
    return value;
  }

  absl::StatusOr<std::string> ReadLine() {
    absl::StatusOr<std::string> line = reader_.ReadLine(limits_.line_bytes);
    if (line.ok() && line->ends_with('\r')) line->pop_back();
    return line;
  }

  absl::StatusOr<PickleValue> ReadString(std::uint64_t length) {
    if (length > heap_.limit()) return Exhausted(absl::StrCat("a string of ", length, " bytes"));
    PickleString* const string = heap_.New<PickleString>(at_);
    if (absl::Status status = reader_.Append(length, string->text); !status.ok()) return status;
    heap_.Charge(string->text.capacity());
    return string;
  }

  absl::StatusOr<PickleValue> ReadBytes(std::uint64_t length) {
    PickleBytes* const bytes = heap_.New<PickleBytes>(at_);
    bytes->size = length;
    if (length > PickleBytes::kKeptBytes) {
      if (absl::Status status = reader_.Skip(length); !status.ok()) return status;
    } else if (absl::Status status = reader_.Append(length, bytes->content); !status.ok()) {
      return status;
    }
    heap_.Charge(bytes->content.capacity());
    return bytes;
  }

  // --- The stack. ---
  absl::Status Push(PickleValue value) {
    stack_.push_back(value);
    return absl::OkStatus();
  }
  absl::Status PushOr(absl::StatusOr<PickleValue> value) { return value.ok() ? Push(*value) : value.status(); }

  // Values under the topmost mark are out of reach, as in Python.
  std::size_t Floor() const { return marks_.empty() ? 0 : marks_.back(); }

  absl::Status Require(std::size_t count) const {
    const std::size_t found = stack_.size() - Floor();
    if (found >= count) return absl::OkStatus();
    return Corrupt(absl::StrCat("expected ", count, " values on the stack, found ", found));
  }

  absl::StatusOr<PickleValue> Pop() {
    if (absl::Status status = Require(1); !status.ok()) return status;
    const PickleValue value = stack_.back();
    stack_.pop_back();
    return value;
  }

  absl::StatusOr<std::vector<PickleValue>> PopToMark() {
    if (marks_.empty()) return Corrupt("expected a mark on the stack, found none");
    const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<PickleValue> values(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    heap_.Charge(values.size() * kElementBytes);
    return values;
  }

  // --- Opcodes. ---
  absl::Status Proto(int) {
    absl::StatusOr<std::uint64_t> protocol = ReadUnsigned(1);
    if (!protocol.ok()) return protocol.status();
    if (*protocol <= kNewestProtocol) return absl::OkStatus();
    return Corrupt(absl::StrCat("expected a pickle protocol up to ", kNewestProtocol, ", found ", *protocol));
  }

  absl::Status Frame(int) { return ReadLength(8).status(); }

  absl::Status Stop(int) {
    absl::StatusOr<PickleValue> value = Pop();
    if (!value.ok()) return value.status();
    result_.root = *value;
    stopped_ = true;
    return absl::OkStatus();
  }

  absl::Status Mark(int) {
    marks_.push_back(stack_.size());
    return absl::OkStatus();
  }

  absl::Status PopOne(int) {
    // Python's POP takes the mark itself if nothing is above it.
    if (!marks_.empty() && stack_.size() == marks_.back()) {
      marks_.pop_back();
      return absl::OkStatus();
    }
    return Pop().status();
  }

  absl::Status PopMark(int) { return PopToMark().status(); }

  absl::Status Dup(int) {
    if (absl::Status status = Require(1); !status.ok()) return status;
    return Push(stack_.back());
  }

  absl::Status PushNone(int) { return Push(PickleNone{}); }
  absl::Status PushBool(int value) { return Push(value != 0); }

  absl::Status UnsignedInt(int width) {
    absl::StatusOr<std::uint64_t> value = ReadUnsigned(width);
    if (!value.ok()) return value.status();
    return Push(static_cast<std::int64_t>(*value));
  }

  absl::Status SignedInt(int) {
    absl::StatusOr<std::uint64_t> value = ReadUnsigned(4);
    if (!value.ok()) return value.status();
    return Push(std::int64_t{static_cast<std::int32_t>(static_cast<std::uint32_t>(*value))});
  }

  absl::Status IntLine(int) {
    absl::StatusOr<std::string> line = ReadLine();
    if (!line.ok()) return line.status();
    // The booleans of protocol 0.
    if (*line == "00") return Push(false);
    if (*line == "01") return Push(true);
    return PushDecimal(*line);
  }

  absl::Status LongLine(int) {
    absl::StatusOr<std::string> line = ReadLine();
    if (!line.ok()) return line.status();
    if (line->ends_with('L')) line->pop_back();
    return PushDecimal(*line);
  }

  absl::Status PushDecimal(const std::string& text) {
    const std::optional<std::int64_t> value = ParseDecimal(text);
    if (!value.has_value()) return Corrupt("expected an integer in decimal");
    return Push(*value);
  }

  absl::Status Long(int width) {
    absl::StatusOr<std::uint64_t> length = ReadLength(width);
    if (!length.ok()) return length.status();
    PickleBigInt* const number = heap_.New<PickleBigInt>(at_);
    if (*length > heap_.limit()) return Exhausted(absl::StrCat("an integer of ", *length, " bytes"));
    if (absl::Status status = reader_.Append(*length, number->little_endian); !status.ok()) return status;
    heap_.Charge(number->little_endian.capacity());
    if (const std::optional<std::int64_t> value = BigIntValue(number->little_endian)) return Push(*value);
    return Push(number);
  }

  absl::Status BinFloat(int) {
    absl::StatusOr<std::string_view> bytes = reader_.Take(8);
    if (!bytes.ok()) return bytes.status();
    std::uint64_t bits = 0;
    for (const char c : *bytes) bits = bits << 8 | static_cast<unsigned char>(c);
    return Push(std::bit_cast<double>(bits));
  }

  absl::Status FloatLine(int) {
    absl::StatusOr<std::string> line = ReadLine();
    if (!line.ok()) return line.status();
    double value = 0;
    const std::from_chars_result result = std::from_chars(line->data(), line->data() + line->size(), value);
    if (result.ec == std::errc::invalid_argument || result.ptr != line->data() + line->size()) {
      return Corrupt("expected a number");
    }
    return Push(value);
  }

  absl::Status String(int width) {
    absl::StatusOr<std::uint64_t> length = ReadLength(width);
    if (!length.ok()) return length.status();
    return PushOr(ReadString(*length));
  }

  absl::Status Bytes(int width) {
    absl::StatusOr<std::uint64_t> length = ReadLength(width);
    if (!length.ok()) return length.status();
    return PushOr(ReadBytes(*length));
  }

  absl::Status StringLine(int) { return PushLine(&ParseStringLiteral, "expected a quoted string"); }
  absl::Status UnicodeLine(int) { return PushLine(&ParseRawUnicodeEscape, "expected raw-unicode-escape text"); }

  absl::Status PushLine(std::optional<std::string> (*parse)(std::string_view), std::string_view error) {
    absl::StatusOr<std::string> line = ReadLine();
    if (!line.ok()) return line.status();
    std::optional<std::string> text = parse(*line);
    if (!text.has_value()) return Corrupt(error);
    PickleString* const string = heap_.New<PickleString>(at_);
    string->text = *std::move(text);
    heap_.Charge(string->text.capacity());
    return Push(string);
  }

  absl::Status EmptyTuple(int) { return Push(heap_.New<PickleTuple>(at_)); }
  absl::Status EmptyList(int) { return Push(heap_.New<PickleList>(at_)); }
  absl::Status EmptyDict(int) { return Push(heap_.New<PickleDict>(at_)); }
  absl::Status EmptySet(int) { return Push(heap_.New<PickleSet>(at_)); }

  // TUPLE1, TUPLE2, TUPLE3.
  absl::Status SmallTuple(int count) {
    const std::size_t size = static_cast<std::size_t>(count);
    if (absl::Status status = Require(size); !status.ok()) return status;
    PickleTuple* const tuple = heap_.New<PickleTuple>(at_);
    tuple->items.assign(stack_.end() - count, stack_.end());
    heap_.Charge(size * kElementBytes);
    stack_.erase(stack_.end() - count, stack_.end());
    return Push(tuple);
  }

  template <class Node>
  absl::Status FromMark(int) {
    absl::StatusOr<std::vector<PickleValue>> items = PopToMark();
    if (!items.ok()) return items.status();
    Node* const node = heap_.New<Node>(at_);
    node->items = *std::move(items);
    return Push(node);
  }

  absl::Status DictFromMark(int) {
    absl::StatusOr<std::vector<PickleValue>> values = PopToMark();
    if (!values.ok()) return values.status();
    PickleDict* const dict = heap_.New<PickleDict>(at_);
    if (absl::Status status = AddItems(*values, dict->items); !status.ok()) return status;
    return Push(dict);
  }

  absl::Status AddItems(const std::vector<PickleValue>& keys_and_values, PickleItems& items) {
    if (keys_and_values.size() % 2 != 0)
      return Corrupt("expected a value for every key, found an odd number of values");
    for (std::size_t i = 0; i < keys_and_values.size(); i += 2) {
      items.emplace_back(keys_and_values[i], keys_and_values[i + 1]);
    }
    heap_.Charge(keys_and_values.size() * kElementBytes);
    return absl::OkStatus();
  }

  absl::Status Append(int) {
    absl::StatusOr<PickleValue> value = Pop();
    if (!value.ok()) return value.status();
    return AppendTo({*value});
  }

  absl::Status Appends(int) {
    absl::StatusOr<std::vector<PickleValue>> values = PopToMark();
    if (!values.ok()) return values.status();
    return AppendTo(*values);
  }

  absl::Status AppendTo(const std::vector<PickleValue>& values) {
    if (absl::Status status = Require(1); !status.ok()) return status;
    const PickleValue& target = stack_.back();
    std::vector<PickleValue>* items = nullptr;
    if (PickleList* const list = As<PickleList>(target)) items = &list->items;
    if (PickleSet* const set = As<PickleSet>(target)) items = &set->items;
    if (PickleObject* const object = As<PickleObject>(target)) items = &object->appended;
    if (items == nullptr) return Expected("a list or a set to append to", target);
    items->insert(items->end(), values.begin(), values.end());
    heap_.Charge(values.size() * kElementBytes);
    return absl::OkStatus();
  }

  absl::Status SetItem(int) {
    if (absl::Status status = Require(3); !status.ok()) return status;
    const std::vector<PickleValue> key_and_value(stack_.end() - 2, stack_.end());
    stack_.erase(stack_.end() - 2, stack_.end());
    return SetItemsOf(key_and_value);
  }

  absl::Status SetItems(int) {
    absl::StatusOr<std::vector<PickleValue>> values = PopToMark();
    if (!values.ok()) return values.status();
    return SetItemsOf(*values);
  }

  absl::Status SetItemsOf(const std::vector<PickleValue>& keys_and_values) {
    if (absl::Status status = Require(1); !status.ok()) return status;
    const PickleValue& target = stack_.back();
    if (PickleDict* const dict = As<PickleDict>(target)) return AddItems(keys_and_values, dict->items);
    if (PickleObject* const object = As<PickleObject>(target)) return AddItems(keys_and_values, object->items);
    return Expected("a dict to set items of", target);
  }

  absl::Status PutLine(int) {
    absl::StatusOr<std::uint64_t> key = ReadMemoKeyLine();
    return key.ok() ? Memoize(*key) : key.status();
  }
  absl::Status Put(int width) {
    absl::StatusOr<std::uint64_t> key = ReadUnsigned(width);
    return key.ok() ? Memoize(*key) : key.status();
  }
  absl::Status MemoizeNext(int) { return Memoize(memo_.size()); }

  absl::Status Memoize(std::uint64_t key) {
    if (absl::Status status = Require(1); !status.ok()) return status;
    if (memo_.insert_or_assign(key, stack_.back()).second) heap_.Charge(kMemoEntryBytes);
    return absl::OkStatus();
  }

  absl::Status GetLine(int) {
    absl::StatusOr<std::uint64_t> key = ReadMemoKeyLine();
    return key.ok() ? Recall(*key) : key.status();
  }
  absl::Status Get(int width) {
    absl::StatusOr<std::uint64_t> key = ReadUnsigned(width);
    return key.ok() ? Recall(*key) : key.status();
  }

  absl::Status Recall(std::uint64_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) return Corrupt(absl::StrCat("expected a memoized value, found none under ", key));
    return Push(found->second);
  }

  absl::StatusOr<std::uint64_t> ReadMemoKeyLine() {
    absl::StatusOr<std::string> line = ReadLine();
    if (!line.ok()) return line.status();
    const std::optional<std::int64_t> key = ParseDecimal(*line);
    if (!key.has_value() || *key < 0) return Corrupt("expected the number of a memo entry");
    return static_cast<std::uint64_t>(*key);
  }

  absl::Status GlobalLines(int) {
    absl::StatusOr<PickleGlobal*> global = ReadGlobalLines();
    return global.ok() ? Push(*global) : global.status();
  }

  absl::StatusOr<PickleGlobal*> ReadGlobalLines() {
    absl::StatusOr<std::string> module = ReadLine();
    if (!module.ok()) return module.status();
    absl::StatusOr<std::string> name = ReadLine();
    if (!name.ok()) return name.status();
    return NewGlobal(*std::move(module), *std::move(name));
  }

  absl::Status StackGlobal(int) {
    if (absl::Status status = Require(2); !status.ok()) return status;
    const std::string* const module = AsText(*(stack_.end() - 2));
    const std::string* const name = AsText(stack_.back());
    if (module == nullptr || name == nullptr) return Corrupt("expected a module and a name, both str");
    PickleGlobal* const global = NewGlobal(*module, *name);
    stack_.erase(stack_.end() - 2, stack_.end());
    return Push(global);
  }

  PickleGlobal* NewGlobal(std::string module, std::string name) {
    PickleGlobal* const global = heap_.New<PickleGlobal>(at_);
    global->module = std::move(module);
    global->name = std::move(name);
    heap_.Charge(global->module.capacity() + global->name.capacity());
    return global;
  }

  // REDUCE and NEWOBJ: the callable or class, then its arguments.
  absl::Status Call(int) {
    if (absl::Status status = Require(2); !status.ok()) return status;
    const PickleValue callable = *(stack_.end() - 2);
    const PickleValue args = stack_.back();
    stack_.erase(stack_.end() - 2, stack_.end());
    return PushObject(callable, args, PickleNone{});
  }

  absl::Status NewObjEx(int) {
    if (absl::Status status = Require(3); !status.ok()) return status;
    const PickleValue callable = *(stack_.end() - 3);
    const PickleValue args = *(stack_.end() - 2);
    const PickleValue kwargs = stack_.back();
    if (As<PickleDict>(kwargs) == nullptr) return Expected("a dict of keyword arguments", kwargs);
    stack_.erase(stack_.end() - 3, stack_.end());
    return PushObject(callable, args, kwargs);
  }

  absl::Status Inst(int) {
    absl::StatusOr<PickleGlobal*> global = ReadGlobalLines();
    if (!global.ok()) return global.status();
    absl::StatusOr<std::vector<PickleValue>> args = PopToMark();
    if (!args.ok()) return args.status();
    PickleTuple* const tuple = heap_.New<PickleTuple>(at_);
    tuple->items = *std::move(args);
    return PushObject(*global, tuple, PickleNone{});
  }

  absl::Status Obj(int) {
    absl::StatusOr<std::vector<PickleValue>> values = PopToMark();
    if (!values.ok()) return values.status();
    if (values->empty()) return Corrupt("expected a class on the stack, found none");
    PickleTuple* const tuple = heap_.New<PickleTuple>(at_);
    tuple->items.assign(values->begin() + 1, values->end());
    return PushObject(values->front(), tuple, PickleNone{});
  }

  absl::Status PushObject(const PickleValue& callable, const PickleValue& args, const PickleValue& kwargs) {
    // Early versions of torch.save wrote the classes of modules as persistent objects.
    if (As<PickleGlobal>(callable) == nullptr && As<PickleObject>(callable) == nullptr &&
        As<PicklePersistent>(callable) == nullptr) {
      return Expected("a function or a class", callable);
    }
    PickleTuple* const tuple = As<PickleTuple>(args);
    if (tuple == nullptr) return Expected("a tuple of arguments", args);
    PickleObject* const object = heap_.New<PickleObject>(at_);
    object->callable = callable;
    object->args = tuple;
    object->kwargs = kwargs;
    return Push(object);
  }

  absl::Status Build(int) {
    if (absl::Status status = Require(2); !status.ok()) return status;
    const PickleValue state = stack_.back();
    stack_.pop_back();
    PickleObject* const object = As<PickleObject>(stack_.back());
    if (object == nullptr) return Expected("an object to set the state of", stack_.back());
    object->states.push_back(state);
    heap_.Charge(kElementBytes);
    return absl::OkStatus();
  }

  absl::Status PersistentLine(int) {
    absl::StatusOr<std::string> line = ReadLine();
    if (!line.ok()) return line.status();
    PickleString* const id = heap_.New<PickleString>(at_);
    id->text = *std::move(line);
    heap_.Charge(id->text.capacity());
    return PushPersistent(id);
  }

  absl::Status PersistentFromStack(int) {
    absl::StatusOr<PickleValue> id = Pop();
    if (!id.ok()) return id.status();
    return PushPersistent(*id);
  }

  absl::Status PushPersistent(PickleValue id) {
    PicklePersistent* const persistent = heap_.New<PicklePersistent>(at_);
    persistent->id = id;
    heap_.Charge(sizeof(PicklePersistent*) * 2);
    result_.persistent.push_back(persistent);
    return Push(persistent);
  }

  absl::Status Extension(int width) {
    absl::StatusOr<std::uint64_t> code = ReadUnsigned(width);
    if (!code.ok()) return code.status();
    return Corrupt(absl::StrCat("expected no extension codes, found ", *code, ", which only its writer can resolve"));
  }

  absl::Status OutOfBandBuffer(int) {
    return absl::UnimplementedError(
        absl::StrCat("offset ", at_, ": the pickle keeps data in out-of-band buffers, which are not in the file"));
  }

  ByteReader& reader_;
  PickleHeap& heap_;
  const Limits& limits_;
  std::uint64_t at_ = 0;  // Offset of the current opcode.
  bool stopped_ = false;
  std::vector<PickleValue> stack_;
  std::vector<std::size_t> marks_;  // Sizes that the stack had.
  absl::flat_hash_map<std::uint64_t, PickleValue> memo_;
  Unpickled result_;
};

constexpr std::array<Unpickler::Opcode, 256> Unpickler::Table() {
  using U = Unpickler;
  std::array<Opcode, 256> table{};
  // Protocol 0: text.
  table['('] = {&U::Mark};
  table['.'] = {&U::Stop};
  table['0'] = {&U::PopOne};
  table['1'] = {&U::PopMark};
  table['2'] = {&U::Dup};
  table['F'] = {&U::FloatLine};
  table['I'] = {&U::IntLine};
  table['L'] = {&U::LongLine};
  table['N'] = {&U::PushNone};
  table['P'] = {&U::PersistentLine};
  table['R'] = {&U::Call};
  table['S'] = {&U::StringLine};
  table['V'] = {&U::UnicodeLine};
  table['a'] = {&U::Append};
  table['b'] = {&U::Build};
  table['c'] = {&U::GlobalLines};
  table['d'] = {&U::DictFromMark};
  table['g'] = {&U::GetLine};
  table['i'] = {&U::Inst};
  table['l'] = {&U::FromMark<PickleList>};
  table['p'] = {&U::PutLine};
  table['s'] = {&U::SetItem};
  table['t'] = {&U::FromMark<PickleTuple>};
  // Protocol 1: binary. The argument is the width of what follows, in bytes.
  table[')'] = {&U::EmptyTuple};
  table[']'] = {&U::EmptyList};
  table['}'] = {&U::EmptyDict};
  table['G'] = {&U::BinFloat};
  table['J'] = {&U::SignedInt};
  table['K'] = {&U::UnsignedInt, 1};
  table['M'] = {&U::UnsignedInt, 2};
  table['Q'] = {&U::PersistentFromStack};
  table['T'] = {&U::String, 4};
  table['U'] = {&U::String, 1};
  table['X'] = {&U::String, 4};
  table['e'] = {&U::Appends};
  table['h'] = {&U::Get, 1};
  table['j'] = {&U::Get, 4};
  table['o'] = {&U::Obj};
  table['q'] = {&U::Put, 1};
  table['r'] = {&U::Put, 4};
  table['u'] = {&U::SetItems};
  // Protocol 2.
  table[0x80] = {&U::Proto};
  table[0x81] = {&U::Call};
  table[0x82] = {&U::Extension, 1};
  table[0x83] = {&U::Extension, 2};
  table[0x84] = {&U::Extension, 4};
  table[0x85] = {&U::SmallTuple, 1};
  table[0x86] = {&U::SmallTuple, 2};
  table[0x87] = {&U::SmallTuple, 3};
  table[0x88] = {&U::PushBool, 1};
  table[0x89] = {&U::PushBool, 0};
  table[0x8a] = {&U::Long, 1};
  table[0x8b] = {&U::Long, 4};
  // Protocol 3.
  table['B'] = {&U::Bytes, 4};
  table['C'] = {&U::Bytes, 1};
  // Protocol 4.
  table[0x8c] = {&U::String, 1};
  table[0x8d] = {&U::String, 8};
  table[0x8e] = {&U::Bytes, 8};
  table[0x8f] = {&U::EmptySet};
  table[0x90] = {&U::Appends};
  table[0x91] = {&U::FromMark<PickleSet>};
  table[0x92] = {&U::NewObjEx};
  table[0x93] = {&U::StackGlobal};
  table[0x94] = {&U::MemoizeNext};
  table[0x95] = {&U::Frame};
  // Protocol 5.
  table[0x96] = {&U::Bytes, 8};
  table[0x97] = {&U::OutOfBandBuffer};
  table[0x98] = {&U::OutOfBandBuffer};
  return table;
}

constexpr std::array<Unpickler::Opcode, 256> Unpickler::kOpcodes = Unpickler::Table();

}  // namespace

absl::StatusOr<Unpickled> Unpickle(ByteReader& reader, PickleHeap& heap, const Limits& limits) {
  return Unpickler(reader, heap, limits).Run();
}

}  // namespace metaconv
