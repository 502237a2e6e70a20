#include <fmt/format.h>

#include <charconv>

#include "features/customers/customers.h"
#include "features/outreach/outreach.h"
#include "platform/http/paging.h"
#include "platform/json/json.h"

namespace handschlag::outreach {
namespace {

using http::Request;
using json::Value;

// "eu-m2s": region and number.
std::string format_id(std::string_view region, std::int64_t id) {
  char digits[16];
  const auto* end = std::to_chars(digits, digits + sizeof digits, id, 36).ptr;
  return fmt::format("{}-m{}", region, std::string_view(digits, static_cast<std::size_t>(end - digits)));
}

struct Named {
  std::string region;
  std::int64_t number = 0;
};

std::optional<Named> parse_named(std::string_view text, std::string_view mark) {
  const std::size_t dash = text.rfind('-');
  if (dash == std::string_view::npos || !text.substr(dash + 1).starts_with(mark)) return std::nullopt;
  const std::string_view digits = text.substr(dash + 1 + mark.size());
  Named out{std::string(text.substr(0, dash)), 0};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.number, 36);
  if (error != std::errc{} || end != digits.data() + digits.size() || out.number <= 0) return std::nullopt;
  return out;
}

std::unexpected<Error> unknown_message() {
  return fail(ErrorKind::not_found, "message_unknown", "There is no such message; what ended long ago is removed.");
}

Value to_json(const Step& step) {
  Value reasons = Value::array();
  for (const std::string& name : step.reasons) {
    const auto rule = gate::find_rule(name);
    reasons.push_back({{"name", name},
                       {"de", rule ? Value(gate::text_of(*rule, "de")) : Value()},
                       {"en", rule ? Value(gate::text_of(*rule, "en")) : Value()}});
  }
  return {{"at", format_time(step.at)},
          {"what", step.what},
          {"reasons", std::move(reasons)},
          {"cap", step.cap ? Value{{"count", step.cap->count}, {"within_seconds", step.cap->within.count()}} : Value()},
          {"answer_code", step.code == 0 ? Value() : Value(step.code)},
          {"answer_status", step.status.empty() ? Value() : Value(step.status)}};
}

Value to_json(const Message& message) {
  Value trace = Value::array();
  for (const Step& step : message.trace) trace.push_back(to_json(step));
  const bool known = static_cast<bool>(message.identity);
  return {{"id", format_id(message.region, message.id)},
          {"customer", known ? Value(customers::format_handle(message.region, message.identity)) : Value()},
          {"purpose", gate::info(message.purpose).name},
          {"channel", law::name_of(message.channel)},
          {"template", message.template_id},
          {"template_version", message.version},
          {"language", message.language},
          {"reason", message.reason},
          {"requested_by", message.requested_by.empty() ? Value() : Value(message.requested_by)},
          {"state", name_of(message.state)},
          {"created_at", format_time(message.created_at)},
          {"due_at", format_time(message.due_at)},
          {"expires_at", format_time(message.expires_at)},
          {"attempts", message.attempts},
          {"rule_set", message.rule_set},
          {"trace", std::move(trace)}};
}

Result<Filter> filter_of(const Request& request, std::string& region) {
  Filter filter;
  filter.purposes = gate::purposes_of_role(request.principal.role);
  // Who is limited to a unit sees what they proposed themselves.
  if (!staff::unit_of(request.principal).empty()) filter.requested_by = request.principal.id;
  auto wrong = [](std::string_view name, std::string_view reason) {
    return fail(ErrorKind::invalid, "fields_invalid", fmt::format("{} {}.", name, reason),
                {{std::string(name), std::string(reason)}});
  };
  if (auto state = request.query_param("state")) {
    filter.state = find_state(*state);
    if (!filter.state) return wrong("state", "must be waiting, sending, sent, denied, dead, cancelled or bounced");
  }
  if (auto text = request.query_param("purpose")) {
    const auto purpose = gate::find_purpose(*text);
    if (!purpose) return wrong("purpose", "must be one of GET /api/v1/purposes");
    filter.purposes = filter.purposes & gate::PurposeSet{*purpose};
  }
  if (auto named = request.query_param("region")) region = *named;
  if (auto text = request.query_param("customer")) {
    const auto customer = parse_named(*text, "");
    if (!customer) return wrong("customer", "must be the id of a customer, as in eu-2s");
    region = customer->region;
    filter.identity = {customer->number};
  }
  return filter;
}

Result<Value> list(const Request& request, Outreach& outreach) {
  std::string region(outreach.home());
  const Filter filter = TRY(filter_of(request, region));
  const std::size_t limit = TRY(http::page_limit(request));
  MessagePage page = TRY(outreach.list(region, filter, request.query_param("cursor").value_or(""), limit));
  Value items = Value::array();
  for (const Message& message : page.items) items.push_back(to_json(message));
  Value out = http::page(std::move(items), page.next);
  out["mail_configured"] = outreach.carries(gate::Channel::email);
  out["links_configured"] = outreach.has_unsubscribe_links();
  return out;
}

// The message, where its purpose is one of the role's.
Result<Message> find(const Request& request, Outreach& outreach) {
  const auto named = parse_named(request.path_param("id"), "m");
  if (!named || outreach.place(named->region) == nullptr) return unknown_message();
  Message message = TRY(outreach.get(named->region, named->number));
  const bool theirs = staff::unit_of(request.principal).empty() || message.requested_by == request.principal.id;
  if (!theirs || !gate::purposes_of_role(request.principal.role).has(message.purpose)) return unknown_message();
  return message;
}

Result<void> audit(const Request& request, staff::Staff& staff, const Message& message) {
  staff::AuditEntry entry;
  entry.principal = request.principal.id;
  entry.operation = request.operation;
  entry.target = format_id(message.region, message.id);
  entry.trace_id = request.trace_id;
  return staff.record(entry);
}

customers::Viewer viewer_of(const Request& request, gate::Purpose purpose) {
  customers::Viewer viewer;
  viewer.role = request.principal.role;
  viewer.principal = request.principal.id;
  viewer.operation = request.operation;
  viewer.purpose = purpose;
  viewer.trace_id = request.trace_id;
  viewer.language = request.header("accept-language").starts_with("de") ? "de" : "en";
  viewer.unit = staff::unit_of(request.principal);
  if (const auto* caller = std::any_cast<staff::Caller>(&request.principal.who)) viewer.region = caller->region;
  return viewer;
}

// Where a message reaches the customer: an address that was not only claimed, the identity's own before those of the
// others.
Result<identity::Key> address_of(const identity::Customer& customer, IdentityId identity, gate::Channel channel) {
  const bool mails = channel == gate::Channel::email;
  const identity::KeyKind kind = mails ? identity::KeyKind::email : identity::KeyKind::phone;
  const identity::HeldKey* best = nullptr;
  for (const identity::Identity& one : customer.identities) {
    for (const identity::HeldKey& key : one.keys) {
      const bool usable = key.kind == kind && key.standing != identity::Standing::claimed;
      if (usable && (best == nullptr || one.id == identity)) best = &key;
    }
  }
  if (best == nullptr) {
    return fail(ErrorKind::invalid, "address_missing",
                mails ? "No e-mail address of this customer is known for that purpose, or it was only claimed."
                      : "No telephone number of this customer is known for that purpose, or it was only claimed.");
  }
  return identity::make_key(kind, best->value, {"", "self", ""});
}

struct Wish {
  std::string customer;
  templates::Template message;
  Proposal proposal;
  std::string language;
};

Result<Wish> read_wish(const Request& request, templates::Shelf& shelf) {
  const Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  Wish wish;
  wish.customer = reader.text("customer", {.max_length = 64});
  const std::string id = reader.text("template", {.max_length = 64});
  wish.language = reader.optional_text("language", {.max_length = 2}).value_or("en");
  if (wish.language != "de" && wish.language != "en") reader.error("language", "must be de or en");
  const auto channel = law::find_channel(reader.optional_text("channel", {.max_length = 16}).value_or("email"));
  if (channel == gate::Channel::email || channel == gate::Channel::sms) {
    wish.proposal.channel = *channel;
  } else {
    reader.error("channel", "must be email or sms");
  }
  wish.proposal.reason = reader.optional_text("reason", {.min_length = 0, .max_length = 64}).value_or("");
  wish.proposal.not_twice = reader.optional_text("not_twice", {.min_length = 0, .max_length = 200}).value_or("");
  if (const Value* given = reader.object("parameters")) {
    for (const auto& [name, value] : given->items()) {
      if (value.is_string()) {
        wish.proposal.parameters[name] = value.get<std::string>();
      } else {
        reader.error("parameters", "must be texts");
      }
    }
  }
  if (auto text = reader.optional_text("not_before", {.max_length = 40})) {
    auto time = parse_time(*text);
    if (!time) reader.error("not_before", "must be a time such as 2026-11-24T10:00:00Z");
    if (time) wish.proposal.not_before = *time;
  }
  TRY(reader.finish());
  wish.message = TRY(shelf.find(id, 0));
  if (wish.message.built_in) {
    return fail(ErrorKind::conflict, "template_built_in", "This template is the program's own; it alone sends it.");
  }
  if (!gate::purposes_of_role(request.principal.role).has(wish.message.purpose)) {
    return fail(ErrorKind::forbidden, "role_without_purpose", "Your role writes to customers for other purposes.");
  }
  return wish;
}

Result<Value> propose(const Request& request, const Parts& parts) {
  Wish wish = TRY(read_wish(request, *parts.shelf));
  const customers::Page page = TRY(parts.customers->page(viewer_of(request, wish.message.purpose), wish.customer));
  Place* place = parts.outreach->place(page.region);
  if (place == nullptr || page.customer.identities.empty()) return unknown_message();
  if (page.mode == sources::Mode::test) {
    return fail(ErrorKind::conflict, "customer_made_up",
                "A test source made this customer up; nobody is there to read.");
  }
  Proposal& proposal = wish.proposal;
  proposal.region = page.region;
  // The one that was named, unless they moved.
  const auto named = parse_named(wish.customer, "");
  proposal.identity = page.customer.identities.front().id;
  for (const identity::Identity& one : page.customer.identities) {
    if (named && named->region == page.region && one.id.value == named->number) proposal.identity = one.id;
  }
  proposal.address = TRY(address_of(page.customer, proposal.identity, proposal.channel));
  proposal.message = &wish.message;
  proposal.language = wish.language;
  proposal.requested_by = request.principal.id;
  Decision decision;
  TRY(place->region->writer().run([&](db::Transaction& tx) -> Result<void> {
    decision = TRY(parts.outreach->propose(tx, proposal));
    return {};
  }));
  parts.outreach->wake();
  const Message message = TRY(parts.outreach->get(page.region, decision.message));
  TRY(audit(request, *parts.staff, message));
  return Value{{"outcome", name_of(decision.outcome)}, {"message", to_json(message)}};
}

}  // namespace

void bind_routes(http::Router& router, const Parts& parts) {
  using http::Response;
  Outreach& outreach = *parts.outreach;
  router.bind("listMessages", [&](const Request& request) { return Response::of(list(request, outreach)); });
  router.bind("proposeMessage", [parts](const Request& request) {
    auto decided = propose(request, parts);
    if (!decided) return Response::problem(decided.error());
    return Response::json(201, *decided);
  });
  router.bind("getMessage", [&](const Request& request) {
    auto message = find(request, outreach);
    return message ? Response::json(200, to_json(*message)) : Response::problem(message.error());
  });
  router.bind("reviveMessage", [parts](const Request& request) {
    return Response::of([&]() -> Result<Value> {
      const Message message = TRY(find(request, *parts.outreach));
      TRY(audit(request, *parts.staff, message));
      return to_json(TRY(parts.outreach->revive(message.region, message.id)));
    }());
  });
  router.bind("cancelMessage", [parts](const Request& request) {
    return Response::of([&]() -> Result<Value> {
      const Message message = TRY(find(request, *parts.outreach));
      TRY(audit(request, *parts.staff, message));
      return to_json(TRY(parts.outreach->cancel(message.region, message.id)));
    }());
  });
}

}  // namespace handschlag::outreach
