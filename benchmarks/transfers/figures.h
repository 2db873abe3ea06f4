// FigureTable: the figures of a run of the benchmark of transfers, each next to its ceiling.
//
// Example:
//   FigureTable figures;
//   figures.Add({.name = "raw/memset", .bytes = size, .seconds = {0.010, 0.011}});
//   figures.Add({.name = "zero", .bytes = size, .seconds = {0.012, 0.013}, .ceiling = "raw/memset"});
//   std::cout << figures.Json();
//
// Thread safety: for one thread.
// Lifetime: owns its figures.

#ifndef METACONV_BENCHMARKS_TRANSFERS_FIGURES_H_
#define METACONV_BENCHMARKS_TRANSFERS_FIGURES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nlohmann/json.hpp"

namespace metaconv {

struct Figure {
  std::string name;
  // Transferred by each run. 0: what is measured is not the transfer of bytes, but the time of calls on the host.
  std::int64_t bytes = 0;
  std::vector<double> seconds = {};  // One for each run; at least one.
  // The name of an earlier figure, which is what the hardware, or CUDA alone, achieves. Empty if there is none.
  std::string ceiling = "";
  // Facts about the runs that a reader needs in addition.
  nlohmann::ordered_json notes = nlohmann::ordered_json::object();
};

// What a figure should reach.
struct Goal {
  std::string figure;
  std::optional<double> least_ratio = {};
  std::optional<double> most_seconds = {};
};

class FigureTable {
 public:
  // Also prints the figure on standard error.
  void Add(Figure figure);

  // Records why figures are missing.
  void Skip(std::string_view name, std::string_view why);

  // Null if there is no such figure.
  const Figure* Find(std::string_view name) const;

  // The speed of the figure divided by that of its ceiling: of bytes per second if it has bytes, otherwise of calls.
  std::optional<double> Ratio(const Figure& figure) const;

  // Fields: "figures", "skipped", and "goals" without those whose figure is missing.
  nlohmann::ordered_json Json(const std::vector<Goal>& goals) const;

 private:
  nlohmann::ordered_json FigureJson(const Figure& figure) const;

  std::vector<Figure> figures_;
  nlohmann::ordered_json skipped_ = nlohmann::ordered_json::array();
};

double Median(std::vector<double> values);

}  // namespace metaconv

#endif  // METACONV_BENCHMARKS_TRANSFERS_FIGURES_H_
