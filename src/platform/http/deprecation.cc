#include "platform/http/deprecation.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace handschlag::http {
namespace {

constexpr int kMaxReferences = 10;

// What a node is, following its reference within the description; nullptr where that leads nowhere.
const json::Value* resolve(const json::Value& description, const json::Value* node) {
  for (int i = 0; i < kMaxReferences && node != nullptr && node->is_object() && node->contains("$ref"); ++i) {
    std::string_view target = (*node)["$ref"].get_ref<const std::string&>();
    node = &description;
    if (!target.starts_with("#/")) return nullptr;
    target.remove_prefix(2);
    while (node != nullptr && !target.empty()) {
      const std::size_t end = std::min(target.find('/'), target.size());
      auto child = node->is_object() ? node->find(target.substr(0, end)) : node->end();
      node = child == node->end() ? nullptr : &*child;
      target.remove_prefix(std::min(end + 1, target.size()));
    }
  }
  return node;
}

const json::Value* member(const json::Value* node, std::string_view name) {
  if (node == nullptr || !node->is_object()) return nullptr;
  auto found = node->find(name);
  return found == node->end() ? nullptr : &*found;
}

}  // namespace

Result<void> Deprecations::add(const json::Value& node, Place place, const std::string& name, Deprecations& out) {
  if (!node.is_object() || node.value("deprecated", json::Value(false)) != json::Value(true)) return {};
  Entry entry{.place = place, .name = name};
  for (const char* key : {"x-deprecated", "x-sunset"}) {
    auto given = node.find(key);
    const bool optional = std::string_view(key) == "x-sunset";
    if (given == node.end() && optional) continue;
    auto time = given != node.end() && given->is_string() ? parse_time(given->get_ref<const std::string&>())
                                                          : Result<Time>(fail(ErrorKind::invalid, "", ""));
    if (!time) {
      return fail(ErrorKind::invalid, "openapi_malformed",
                  fmt::format("In the OpenAPI description, what is deprecated needs a date in {}.", key));
    }
    (optional ? entry.sunset : entry.since) = *time;
  }
  out.entries_.push_back(std::move(entry));
  return {};
}

Result<Deprecations> Deprecations::read(const json::Value& description, const json::Value& operation) {
  Deprecations out;
  TRY(add(operation, Place::operation, "", out));
  if (const json::Value* parameters = member(&operation, "parameters")) {
    for (const json::Value& listed : *parameters) {
      const json::Value* parameter = resolve(description, &listed);
      if (parameter == nullptr || !parameter->is_object()) continue;
      const Place place = parameter->value("in", "") == "header" ? Place::header : Place::query;
      TRY(add(*parameter, place, parameter->value("name", ""), out));
    }
  }
  const json::Value* body = resolve(description, member(&operation, "requestBody"));
  const json::Value* schema = member(member(member(body, "content"), "application/json"), "schema");
  if (const json::Value* properties = member(resolve(description, schema), "properties")) {
    for (const auto& [name, property] : properties->items()) TRY(add(property, Place::body, name, out));
  }
  return out;
}

std::vector<std::string> Deprecations::used_by(const Request& request) const {
  std::vector<std::string> used;
  std::optional<json::Value> body;
  for (const Entry& entry : entries_) {
    bool uses = entry.place == Place::operation;
    if (entry.place == Place::query) uses = request.query_param(entry.name).has_value();
    if (entry.place == Place::header) uses = !request.header(entry.name).empty();
    if (entry.place == Place::body) {
      if (!body) body = json::parse(request.body).value_or(json::Value());
      uses = body->is_object() && body->contains(entry.name);
    }
    if (uses) used.push_back(entry.name);
  }
  return used;
}

Headers Deprecations::headers_for(const std::vector<std::string>& used) const {
  Time since = Time::max();
  Time sunset = Time::max();
  for (const Entry& entry : entries_) {
    if (std::find(used.begin(), used.end(), entry.name) == used.end()) continue;
    since = std::min(since, entry.since);
    sunset = std::min(sunset, entry.sunset);
  }
  Headers headers;
  if (since != Time::max()) headers.emplace_back("Deprecation", fmt::format("@{}", to_millis(since) / 1'000));
  if (sunset != Time::max()) {
    headers.emplace_back("Sunset", fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(to_millis(sunset) / 1'000)));
  }
  return headers;
}

}  // namespace handschlag::http
