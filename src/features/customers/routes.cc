#include <set>

#include "features/customers/customers.h"
#include "platform/base/money.h"
#include "platform/http/paging.h"

namespace handschlag::customers {
namespace {

std::string language_of(const http::Request& request) {
  std::string_view header = request.header("accept-language");
  return header.starts_with("de") ? "de" : "en";
}

}  // namespace

Result<Viewer> viewer_of(const http::Request& request) {
  Viewer viewer;
  viewer.role = request.principal.role;
  viewer.principal = request.principal.id;
  viewer.operation = request.operation;
  viewer.trace_id = request.trace_id;
  viewer.language = language_of(request);
  if (const auto* caller = std::any_cast<staff::Caller>(&request.principal.who)) viewer.region = caller->region;
  viewer.unit = staff::unit_of(request.principal);
  if (auto purpose = request.query_param("purpose")) {
    viewer.purpose = gate::find_purpose(*purpose);
    if (!viewer.purpose) {
      return fail(ErrorKind::invalid, "purpose_unknown", "This is not a known purpose.", {{"purpose", "is not known"}});
    }
  }
  if (auto mode = request.query_param("mode")) {
    auto known = sources::find_mode(*mode);
    if (!known) return fail(ErrorKind::invalid, "mode_unknown", "mode is live or test.", {{"mode", "is not known"}});
    viewer.mode = *known;
  }
  return viewer;
}

namespace {

json::Value text_or_null(const std::string& text) {
  return text.empty() ? json::Value() : json::Value(text);
}

class Encoder {
 public:
  explicit Encoder(const sources::Sources& sources) : sources_(sources) {}

  std::string source(std::int64_t number) const {
    auto found = sources_.find(Id<sources::Source>{number});
    return found ? found->id : std::to_string(number);
  }

  static json::Value found(const std::vector<Found>& customers) {
    json::Value items = json::Value::array();
    for (const Found& customer : customers) {
      json::Value kinds = json::Value::array();
      for (identity::KeyKind kind : customer.kinds) kinds.push_back(identity::name_of(kind));
      items.push_back({{"id", customer.handle},
                       {"region", customer.region},
                       {"country", text_or_null(customer.country)},
                       {"mode", sources::name_of(customer.mode)},
                       {"match", identity::name_of(customer.match)},
                       {"name", text_or_null(customer.name)},
                       {"first_seen", format_time(customer.first_seen)},
                       {"identities", std::move(kinds)}});
    }
    return {{"items", std::move(items)}, {"next", nullptr}};
  }

  json::Value identity_of(const std::string& region, const identity::Identity& identity) const {
    json::Value keys = json::Value::array();
    for (const identity::HeldKey& key : identity.keys) {
      keys.push_back({{"kind", identity::name_of(key.kind)},
                      {"value", key.value},
                      {"standing", identity::name_of(key.standing)},
                      {"source", source(key.source)},
                      {"first_seen", format_time(key.first_seen)}});
    }
    return {{"id", format_handle(region, identity.id)},
            {"kind", identity::name_of(identity.kind)},
            {"country", text_or_null(identity.country)},
            {"source", source(identity.source)},
            {"first_seen", format_time(identity.created_at)},
            {"purposes", identity.purposes.names()},
            {"keys", std::move(keys)}};
  }

  static json::Value link(const std::string& region, const identity::Link& link) {
    return {{"a", format_handle(region, link.a)},
            {"b", format_handle(region, link.b)},
            {"standing", link.standing == identity::Standing::confirmed ? "active" : identity::name_of(link.standing)},
            {"basis", gate::code_of(link.basis)},
            {"purposes", link.purposes.names()},
            {"withdrawn", link.withdrawn.names()},
            {"origin", text_or_null(link.origin)},
            {"created_at", format_time(link.created_at)},
            {"changed_at", format_time(link.changed_at)}};
  }

  json::Value traits(const std::string& region, const Sums& sums) const {
    json::Value out = json::Value::array();
    for (const auto& [name, values] : sums.traits) {
      for (const auto& [by, trait] : values) {
        out.push_back({{"name", name},
                       {"value", trait.value},
                       {"source", source(by.source)},
                       {"identity", format_handle(region, {by.identity})},
                       {"occurred_at", format_time(from_millis(trait.at))}});
      }
    }
    return out;
  }

  static json::Value span(const Span& span) {
    if (span.events == 0) return {{"events", 0}, {"first_seen", nullptr}, {"last_seen", nullptr}};
    return {{"events", span.events},
            {"first_seen", format_time(from_millis(span.first_at))},
            {"last_seen", format_time(from_millis(span.last_at))}};
  }

  json::Value counters(const Sums& sums) const {
    json::Value out = span(sums.all);
    out["orders"] = sums.orders;
    out["cancellations"] = sums.cancellations;
    out["refunds"] = sums.refunds;
    out["revenue"] = json::Value::array();
    for (const auto& [currency, money] : sums.money) {
      out["revenue"].push_back({{"currency", text_or_null(currency)},
                                {"ordered", format_micros(money.ordered)},
                                {"cancelled", format_micros(money.cancelled)},
                                {"refunded", format_micros(money.refunded)}});
    }
    std::map<std::string, Span> by_touchpoint;
    for (const auto& [number, part] : sums.sources) {
      auto found = sources_.find(Id<sources::Source>{number});
      by_touchpoint[found ? found->touchpoint : std::to_string(number)].add(part);
    }
    out["touchpoints"] = json::Value::array();
    for (const auto& [touchpoint, part] : by_touchpoint) {
      json::Value item = span(part);
      item["touchpoint"] = touchpoint;
      out["touchpoints"].push_back(std::move(item));
    }
    return out;
  }

  // What the sources are called that the page names, or that brought what it counts.
  json::Value sources_of(const Page& page) const {
    std::set<std::int64_t> numbers;
    for (const identity::Identity& identity : page.customer.identities) {
      numbers.insert(identity.source);
      for (const identity::HeldKey& key : identity.keys) numbers.insert(key.source);
    }
    for (const auto& [number, part] : page.sums.sources) numbers.insert(number);
    for (const identity::Link& link : page.customer.links) {
      if (auto origin = sources_.find(link.origin)) numbers.insert(origin->number.value);
    }
    json::Value out = json::Value::array();
    for (const std::int64_t number : numbers) {
      if (auto found = sources_.find(Id<sources::Source>{number})) {
        out.push_back({{"id", found->id}, {"name", found->name}, {"touchpoint", found->touchpoint}});
      }
    }
    return out;
  }

  static json::Value withheld(const std::vector<Withheld>& reasons) {
    json::Value out = json::Value::array();
    for (const Withheld& each : reasons) {
      out.push_back({{"purpose", gate::info(each.purpose).name},
                     {"rule", gate::name_of(each.ruling.rules[0])},
                     {"reason",
                      {{"de", gate::reason(each.ruling, each.purpose, "de")},
                       {"en", gate::reason(each.ruling, each.purpose, "en")}}}});
    }
    return out;
  }

  json::Value page(const Page& page) const {
    json::Value identities = json::Value::array();
    for (const identity::Identity& identity : page.customer.identities)
      identities.push_back(identity_of(page.region, identity));
    json::Value links = json::Value::array();
    for (const identity::Link& one : page.customer.links) links.push_back(link(page.region, one));
    return {{"id", page.handle},
            {"region", page.region},
            {"mode", sources::name_of(page.mode)},
            {"purposes", page.purposes.names()},
            {"identities", std::move(identities)},
            {"links", std::move(links)},
            {"sources", sources_of(page)},
            {"traits", traits(page.region, page.sums)},
            {"counters", counters(page.sums)},
            {"withheld", withheld(page.withheld)}};
  }

  json::Value event(const std::string& region, const events::Event& event) const {
    auto found = sources_.find(Id<sources::Source>{event.source});
    json::Value out = {{"id", format_event_id(region, event.seq)},
                       {"type", events::name_of(event.type)},
                       {"occurred_at", format_time(event.occurred_at)},
                       {"received_at", format_time(event.received_at)},
                       {"source", source(event.source)},
                       {"touchpoint", found ? json::Value(found->touchpoint) : json::Value()},
                       {"mode", sources::name_of(found ? found->mode : sources::Mode::live)},
                       {"trust", found ? json::Value(sources::name_of(found->trust)) : json::Value()},
                       {"identity", format_handle(region, event.identity)},
                       {"purposes", event.purposes.names()}};
    add_body(out, event);
    if (event.damaged) out["damaged"] = true;
    return out;
  }

  json::Value timeline(const Timeline& timeline) const {
    json::Value items = json::Value::array();
    for (const events::Event& one : timeline.items) items.push_back(event(timeline.region, one));
    return {{"items", std::move(items)},
            {"next", timeline.next ? json::Value(*timeline.next) : json::Value()},
            {"withheld", withheld(timeline.withheld)}};
  }

 private:
  const sources::Sources& sources_;
};

json::Value to_json(const std::string& region, const ledger::Record& record) {
  json::Value rules = json::Value::array();
  for (gate::Rule rule : record.entry.rules) rules.push_back(gate::name_of(rule));
  json::Value out = {{"at", format_time(record.entry.at)},
                     {"use", gate::name_of(record.entry.use)},
                     {"decision", gate::name_of(record.entry.decision)},
                     {"purposes", record.entry.purposes.names()},
                     {"rules", std::move(rules)},
                     {"role", record.entry.role},
                     {"operation", record.entry.operation},
                     {"identity", format_handle(region, record.entry.identity)}};
  if (!record.entry.region.empty()) out["to_region"] = record.entry.region;
  if (!record.entry.unit.empty()) out["unit"] = record.entry.unit;
  return out;
}

Result<json::Value> find(const http::Request& request, Customers& customers) {
  Viewer viewer = TRY(viewer_of(request));
  auto key = request.query_param("key");
  auto name = request.query_param("name");
  if (key.has_value() == name.has_value()) {
    return fail(ErrorKind::invalid, "search_invalid", "Give either key=KIND:VALUE or name.",
                {{"key", "or name is required, and not both"}});
  }
  return Encoder::found(key ? TRY(customers.find_by_key(viewer, *key)) : TRY(customers.find_by_name(viewer, *name)));
}

// The same with the personal data in the body, where no log and no browser history keeps it.
Result<json::Value> search(const http::Request& request, Customers& customers) {
  Viewer viewer = TRY(viewer_of(request));
  json::Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  auto key = reader.optional_text("key");
  auto name = reader.optional_text("name");
  auto order = reader.optional_text("order", {.max_length = 100});
  if (key.has_value() + name.has_value() + order.has_value() != 1) {
    reader.error("key", "or /name or /order is required, and one alone");
  }
  TRY(reader.finish());
  if (order) return Encoder::found(TRY(customers.find_by_order(viewer, *order)));
  return Encoder::found(key ? TRY(customers.find_by_key(viewer, *key)) : TRY(customers.find_by_name(viewer, *name)));
}

Result<json::Value> timeline(const http::Request& request, Customers& customers, const Encoder& encoder) {
  Viewer viewer = TRY(viewer_of(request));
  TimelineFilter filter;
  filter.limit = TRY(http::page_limit(request));
  filter.touchpoint = request.query_param("touchpoint").value_or("");
  filter.cursor = request.query_param("cursor").value_or("");
  if (auto type = request.query_param("type")) {
    filter.type = events::find_type(*type);
    if (!filter.type) {
      return fail(ErrorKind::invalid, "type_unknown", "type must be identify, track, page, screen, group or alias.",
                  {{"type", "is not known"}});
    }
  }
  return encoder.timeline(TRY(customers.timeline(viewer, request.path_param("id"), filter)));
}

Result<json::Value> uses(const http::Request& request, Customers& customers) {
  Viewer viewer = TRY(viewer_of(request));
  std::size_t limit = TRY(http::page_limit(request));
  const std::string cursor(request.query_param("cursor").value_or(""));
  const Uses page = TRY(customers.uses(viewer, request.path_param("id"), cursor, limit));
  json::Value items = json::Value::array();
  for (const ledger::Record& record : page.items) items.push_back(to_json(page.region, record));
  return http::page(std::move(items), page.next);
}

void read_purposes(json::Reader& reader, gate::PurposeSet& out) {
  for (const std::string& name : reader.texts("purposes", 32)) {
    auto purpose = gate::find_purpose(name);
    if (purpose) {
      out.add(*purpose);
    } else {
      reader.error("purposes", "names a purpose that is not known");
    }
  }
  if (out.empty()) reader.error("purposes", "must name at least one purpose");
}

struct LinkBody {
  std::string a;
  std::string b;
  gate::Basis basis = gate::Basis::contract;
  gate::PurposeSet purposes;
};

enum class LinkForm { make, end };

Result<LinkBody> link_body(const http::Request& request, LinkForm form) {
  json::Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  LinkBody out;
  out.a = reader.text("a", {.max_length = 64});
  out.b = reader.text("b", {.max_length = 64});
  if (form == LinkForm::make) {
    auto basis = gate::find_basis(reader.text("basis", {.max_length = 16}));
    if (basis) {
      out.basis = *basis;
    } else {
      reader.error("basis", "must be a basis such as A6-1-b");
    }
    read_purposes(reader, out.purposes);
  }
  TRY(reader.finish());
  return out;
}

Result<void> make_link(const http::Request& request, Customers& customers) {
  Viewer viewer = TRY(viewer_of(request));
  LinkBody body = TRY(link_body(request, LinkForm::make));
  return customers.link(viewer, body.a, body.b, body.basis, body.purposes);
}

Result<void> end_link(const http::Request& request, Customers& customers) {
  Viewer viewer = TRY(viewer_of(request));
  LinkBody body = TRY(link_body(request, LinkForm::end));
  return customers.unlink(viewer, body.a, body.b);
}

Result<void> change_leave(const http::Request& request, Customers& customers, Customers::Leave leave) {
  Viewer viewer = TRY(viewer_of(request));
  json::Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  std::string identity = reader.text("identity", {.max_length = 64});
  gate::PurposeSet purposes;
  read_purposes(reader, purposes);
  TRY(reader.finish());
  return customers.change_leave(viewer, identity, purposes, leave);
}

Result<json::Value> refused_links(const http::Request& request, Customers& customers) {
  Viewer viewer = TRY(viewer_of(request));
  json::Value items = json::Value::array();
  for (const auto& [region, refusal] : TRY(customers.refused_links(viewer))) {
    items.push_back({{"a", format_handle(region, refusal.a)},
                     {"b", format_handle(region, refusal.b)},
                     {"reason", refusal.reason},
                     {"times", refusal.times},
                     {"last_at", format_time(refusal.last_at)}});
  }
  return json::Value{{"items", std::move(items)}, {"next", nullptr}};
}

Result<json::Value> countries(const http::Request& request, Customers& customers) {
  json::Value items = json::Value::array();
  for (const CountryCount& row :
       TRY(customers.count_by_country(request.query_param("source").value_or(""), staff::unit_of(request.principal)))) {
    if (request.principal.role == "executive" && row.customers < 5) continue;
    items.push_back({{"country", text_or_null(row.country)}, {"customers", row.customers}});
  }
  return json::Value{{"items", std::move(items)}, {"next", nullptr}};
}

http::Response empty_or_problem(const Result<void>& result) {
  return result ? http::Response::empty(204) : http::Response::problem(result.error());
}

json::Value list_purposes(const http::Request& request) {
  const gate::PurposeSet mine = gate::purposes_of_role(request.principal.role);
  json::Value items = json::Value::array();
  for (const gate::PurposeInfo& purpose : gate::purposes()) {
    items.push_back({{"name", purpose.name},
                     {"default_basis", gate::code_of(purpose.default_basis)},
                     {"meaning", {{"de", purpose.german}, {"en", purpose.english}}},
                     {"may_look", mine.has(purpose.purpose)}});
  }
  return {{"items", std::move(items)}, {"next", nullptr}};
}

}  // namespace

void add_body(json::Value& out, const events::Event& event) {
  out["event"] = nullptr;
  out["properties"] = json::Value::object();
  for (auto [from, to] : {std::pair{"name", "event"},
                          {"properties", "properties"},
                          {"traits", "traits"},
                          {"context", "context"},
                          {"group_id", "group_id"},
                          {"message_id", "message_id"}}) {
    if (auto it = event.body.find(from); it != event.body.end()) out[to] = *it;
  }
}

void bind_routes(http::Router& router, Customers& customers, sources::Sources& sources) {
  using http::Request;
  using http::Response;
  auto encoder = std::make_shared<Encoder>(sources);
  router.bind("listPurposes", [](const Request& request) { return Response::json(200, list_purposes(request)); });
  router.bind("findCustomers", [&](const Request& request) { return Response::of(find(request, customers)); });
  router.bind("searchCustomers", [&](const Request& request) { return Response::of(search(request, customers)); });
  router.bind("getCustomer", [&customers, encoder](const Request& request) {
    auto viewer = viewer_of(request);
    if (!viewer) return Response::problem(viewer.error());
    auto page = customers.page(*viewer, request.path_param("id"));
    return page ? Response::json(200, encoder->page(*page)) : Response::problem(page.error());
  });
  router.bind("getTimeline", [&customers, encoder](const Request& request) {
    return Response::of(timeline(request, customers, *encoder));
  });
  router.bind("listUses", [&](const Request& request) { return Response::of(uses(request, customers)); });
  router.bind("linkIdentities",
              [&](const Request& request) { return empty_or_problem(make_link(request, customers)); });
  router.bind("unlinkIdentities",
              [&](const Request& request) { return empty_or_problem(end_link(request, customers)); });
  router.bind("withdrawLinking", [&](const Request& request) {
    return empty_or_problem(change_leave(request, customers, Customers::Leave::withdraw));
  });
  router.bind("regrantLinking", [&](const Request& request) {
    return empty_or_problem(change_leave(request, customers, Customers::Leave::regrant));
  });
  router.bind("listRefusedLinks",
              [&](const Request& request) { return Response::of(refused_links(request, customers)); });
  router.bind("countCustomers", [&](const Request& request) { return Response::of(countries(request, customers)); });
}

}  // namespace handschlag::customers
