#include "benchmarks/transfers/figures.h"

#include <algorithm>
#include <iostream>
#include <utility>

namespace metaconv {
namespace {

double GigabytesPerSecond(const Figure& figure) {
  return static_cast<double>(figure.bytes) / Median(figure.seconds) * 1e-9;
}

// (slowest - fastest) / median
double Spread(const std::vector<double>& seconds) {
  const auto [fastest, slowest] = std::minmax_element(seconds.begin(), seconds.end());
  return (*slowest - *fastest) / Median(seconds);
}

}  // namespace

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

void FigureTable::Add(Figure figure) {
  figures_.push_back(std::move(figure));
  std::cerr << FigureJson(figures_.back()) << std::endl;
}

void FigureTable::Skip(std::string_view name, std::string_view why) {
  skipped_.push_back({{"name", name}, {"why", why}});
  std::cerr << skipped_.back() << std::endl;
}

const Figure* FigureTable::Find(std::string_view name) const {
  const auto found =
      std::find_if(figures_.begin(), figures_.end(), [&](const Figure& figure) { return figure.name == name; });
  return found == figures_.end() ? nullptr : &*found;
}

std::optional<double> FigureTable::Ratio(const Figure& figure) const {
  const Figure* const ceiling = figure.ceiling.empty() ? nullptr : Find(figure.ceiling);
  if (ceiling == nullptr) return std::nullopt;
  if (figure.bytes > 0) return GigabytesPerSecond(figure) / GigabytesPerSecond(*ceiling);
  return Median(ceiling->seconds) / Median(figure.seconds);
}

nlohmann::ordered_json FigureTable::FigureJson(const Figure& figure) const {
  nlohmann::ordered_json json = {{"name", figure.name},
                                 {"runs", figure.seconds.size()},
                                 {"median_ms", Median(figure.seconds) * 1e3},
                                 {"spread", Spread(figure.seconds)}};
  if (figure.bytes > 0) {
    json["bytes"] = figure.bytes;
    json["gb_per_s"] = GigabytesPerSecond(figure);
  }
  if (const std::optional<double> ratio = Ratio(figure)) {
    json["ceiling"] = figure.ceiling;
    json["ratio"] = *ratio;
  }
  json.update(figure.notes);
  return json;
}

nlohmann::ordered_json FigureTable::Json(const std::vector<Goal>& goals) const {
  nlohmann::ordered_json figures = nlohmann::ordered_json::array(), results = nlohmann::ordered_json::array();
  for (const Figure& figure : figures_) figures.push_back(FigureJson(figure));
  for (const Goal& goal : goals) {
    const Figure* const figure = Find(goal.figure);
    if (figure == nullptr) continue;
    if (const std::optional<double> ratio = Ratio(*figure); goal.least_ratio.has_value() && ratio.has_value()) {
      results.push_back({{"figure", goal.figure},
                         {"least_ratio", *goal.least_ratio},
                         {"ratio", *ratio},
                         {"met", *ratio >= *goal.least_ratio}});
    }
    if (goal.most_seconds.has_value()) {
      const double seconds = Median(figure->seconds);
      results.push_back({{"figure", goal.figure},
                         {"most_ms", *goal.most_seconds * 1e3},
                         {"median_ms", seconds * 1e3},
                         {"met", seconds <= *goal.most_seconds}});
    }
  }
  return {{"goals", results}, {"figures", figures}, {"skipped", skipped_}};
}

}  // namespace metaconv
