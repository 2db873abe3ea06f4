// Writes a structured log of tensors, as the reference does for the same requests: see trace_requests.py.
//
//   trace_runner DIRECTORY [RANK] < requests.jsonl
//
// Creates the log in DIRECTORY and prints its path.

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "converter/meta_converter.h"
#include "describer/compile_context.h"
#include "describer/trace_file.h"
#include "meta/torch_status.h"
#include "nlohmann/json.hpp"
#include "tests/testing/recipe.h"
#include "tests/testing/recipe_answer.h"

namespace metaconv {
namespace {

using Json = nlohmann::ordered_json;

std::optional<std::uint32_t> Number(const Json& object, const char* name) {
  const Json& value = object.at(name);
  return value.is_null() ? std::nullopt : std::optional(value.get<std::uint32_t>());
}

TraceId TraceIdFromJson(const Json& json) {
  return {.compile_id = {.compiled_autograd_id = Number(json, "compiled_autograd_id"),
                         .frame_id = Number(json, "frame_id"),
                         .frame_compile_id = Number(json, "frame_compile_id")},
          .attempt = json.at("attempt").get<std::uint32_t>()};
}

// Converts each source of a recipe, with its name as the source name. If a conversion fails, the records that were
// traced before remain.
absl::Status TraceRecipe(const Json& recipe, const std::shared_ptr<TraceFile>& file) {
  absl::StatusOr<RecipeResult> built = RunRecipe(recipe);
  if (!built.ok()) return built.status();
  MetaConverter converter({.describer = {.trace_sink = TraceFile::Sink(file)}});
  SetFacts(*built, converter.describer());
  for (const RecipeSource& source : built->sources) {
    CatchTorch("Convert", [&] {
      return converter.Convert(source.tensor, {.source = "L['" + source.name + "']"});
    }).IgnoreError();
  }
  return absl::OkStatus();
}

absl::Status Answer(const Json& request, const std::shared_ptr<TraceFile>& file) {
  std::optional<CompileContext> context;
  if (const Json& trace_id = request.at("trace_id"); !trace_id.is_null()) context.emplace(TraceIdFromJson(trace_id));
  if (request.contains("recipe")) return TraceRecipe(request.at("recipe"), file);
  const Json& payload = request.at("payload");
  const std::optional<std::string> text = payload.is_null() ? std::nullopt : std::optional(payload.get<std::string>());
  return file->Write(request.at("name").get<std::string>(), request.at("metadata"), text);
}

absl::Status Main(int argc, char** argv) {
  TraceFileOptions options;
  if (argc > 2) options.rank = static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10));
  const absl::StatusOr<std::shared_ptr<TraceFile>> file = TraceFile::Create(argv[1], options);
  if (!file.ok()) return file.status();
  std::cout << (*file)->path() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    if (absl::Status status = Answer(Json::parse(line), *file); !status.ok()) return status;
  }
  return (*file)->status();
}

}  // namespace
}  // namespace metaconv

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::cerr << "usage: trace_runner DIRECTORY [RANK] < requests.jsonl\n";
    return 2;
  }
  if (const absl::Status status = metaconv::Main(argc, argv); !status.ok()) {
    std::cerr << status << '\n';
    return 1;
  }
}
