#include <fmt/format.h>

#include "features/sources/codec.h"
#include "features/sources/sources.h"
#include "platform/base/cursor.h"
#include "platform/http/conditional.h"
#include "platform/http/paging.h"

namespace handschlag::sources {
namespace {

using json::Value;

// Clients drop events for good on a 401, so a key that nobody said to end at once does not.
constexpr std::chrono::hours kUsualOverlap{24};
constexpr std::string_view kList = "sources";
constexpr std::int64_t kLongestOverlapSeconds = 90LL * 24 * 60 * 60;

// Writes the audit record of what `request` makes, in its transaction.
Companion audited(staff::Staff& staff, const http::Request& request) {
  return [&staff, &request](db::Transaction& transaction, const Source& source) {
    return staff.record(transaction,
                        {request.principal.id, request.operation, "source:" + source.id, request.trace_id});
  };
}

// The same for a change, which must be meant for what stands there now.
Companion audited_change(staff::Staff& staff, const http::Request& request) {
  return
      [&request, record = audited(staff, request)](db::Transaction& transaction, const Source& before) -> Result<void> {
        TRY(http::check_match(request, http::entity_tag(to_json(before))));
        return record(transaction, before);
      };
}

Value key_json(const Sources::Added& added) {
  return {{"write_key", added.write_key}, {"source", to_json(*added.source)}};
}

Result<Value> json_of(const Result<SourcePointer>& source) {
  if (!source) return std::unexpected(source.error());
  return to_json(**source);
}

http::Response get_source(const Sources& sources, const http::Request& request) {
  const std::string_view id = request.path_param("id");
  const SourcePointer source = find_within(sources, staff::unit_of(request.principal), id);
  if (source) return http::tagged(request, to_json(*source));
  return http::Response::problem(
      Error{ErrorKind::not_found, "source_unknown", "There is no such source; list the sources."});
}

Result<Value> list_sources(const Sources& sources, const http::Request& request) {
  const std::size_t limit = TRY(http::page_limit(request));
  std::int64_t after = 0;
  if (auto cursor = request.query_param("cursor")) after = TRY(decode_cursor(*cursor, kList, 1)).front();
  Value items = Value::array();
  std::int64_t last = 0;
  const std::string unit = staff::unit_of(request.principal);
  for (const SourcePointer& source : sources.list()) {
    if (source->number.value <= after || !staff::is_within(source->unit, unit)) continue;
    if (items.size() == limit) return http::page(std::move(items), encode_cursor(kList, {last}));
    items.push_back(to_json(*source));
    last = source->number.value;
  }
  return http::page(std::move(items));
}

Result<Value> create_source(Sources& sources, staff::Staff& staff, const http::Request& request) {
  Source source = TRY(decode_source(TRY(json::parse(request.body))));
  return key_json(TRY(sources.add(std::move(source), audited(staff, request))));
}

Result<Value> rotate_key(Sources& sources, staff::Staff& staff, const http::Request& request) {
  const Value body = TRY(json::parse(request.body.empty() ? "{}" : request.body));
  json::Reader reader(body);
  const auto overlap = reader.optional_integer("overlap_seconds", 0, kLongestOverlapSeconds);
  TRY(reader.finish());
  return key_json(
      TRY(sources.rotate_key(request.path_param("id"), overlap ? std::chrono::seconds(*overlap) : kUsualOverlap,
                             audited_change(staff, request))));
}

Result<Value> set_state(Sources& sources, staff::Staff& staff, const http::Request& request) {
  const Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  const auto enabled = reader.optional_boolean("enabled");
  if (!enabled) reader.error("enabled", "must be true or false");
  TRY(reader.finish());
  return json_of(sources.set_enabled(request.path_param("id"), *enabled, audited_change(staff, request)));
}

Result<Value> set_unit(Sources& sources, staff::Staff& staff, const http::Request& request) {
  const Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  const Value* given = reader.any("unit");
  if (given == nullptr || !given->is_string()) reader.error("unit", std::string(staff::unit_form()));
  TRY(reader.finish());
  return json_of(
      sources.set_unit(request.path_param("id"), given->get_ref<const std::string&>(), audited_change(staff, request)));
}

Result<Value> put_plan(Sources& sources, staff::Staff& staff, const http::Request& request) {
  Plan plan = TRY(parse_plan(request.body));
  return json_of(sources.set_plan(request.path_param("id"), std::move(plan), audited_change(staff, request)));
}

Result<Value> put_categories(Sources& sources, staff::Staff& staff, const http::Request& request) {
  auto categories = TRY(decode_consent_categories(TRY(json::parse(request.body)), ""));
  return json_of(
      sources.set_consent_categories(request.path_param("id"), std::move(categories), audited_change(staff, request)));
}

Result<Value> put_quota(Sources& sources, staff::Staff& staff, const http::Request& request) {
  const http::Rate quota = TRY(decode_quota(TRY(json::parse(request.body)), ""));
  return json_of(sources.set_quota(request.path_param("id"), quota, audited_change(staff, request)));
}

http::Response created(const Result<Value>& value) {
  return value ? http::Response::json(201, *value) : http::Response::problem(value.error());
}

}  // namespace

void bind_routes(http::Router& router, Sources& sources, staff::Staff& staff) {
  using http::Request;
  using http::Response;
  router.bind("listSources", [&](const Request& request) { return Response::of(list_sources(sources, request)); });
  router.bind("getSource", [&](const Request& request) { return get_source(sources, request); });
  router.bind("createSource", [&](const Request& request) { return created(create_source(sources, staff, request)); });
  router.bind("rotateSourceKey",
              [&](const Request& request) { return Response::of(rotate_key(sources, staff, request)); });
  router.bind("setSourceState",
              [&](const Request& request) { return http::tagged_change(set_state(sources, staff, request)); });
  router.bind("setSourceUnit",
              [&](const Request& request) { return http::tagged_change(set_unit(sources, staff, request)); });
  router.bind("putSourceQuota",
              [&](const Request& request) { return http::tagged_change(put_quota(sources, staff, request)); });
  router.bind("putSourcePlan",
              [&](const Request& request) { return http::tagged_change(put_plan(sources, staff, request)); });
  router.bind("putSourceConsentCategories",
              [&](const Request& request) { return http::tagged_change(put_categories(sources, staff, request)); });
}

}  // namespace handschlag::sources
