// What takes two people here, and how it is done once it is approved; see features/approvals.
#include <fmt/format.h>

#include <charconv>

#include "app/app.h"
#include "platform/crypto/crypto.h"

namespace handschlag::app {
namespace {

using approvals::Action;
using approvals::Operation;
using approvals::Request;

std::string after_colon(const Request& request) {
  return request.target.substr(request.target.find(':') + 1);
}

// What is no number names nothing that exists.
template <class Thing>
Id<Thing> id_of(const Request& request) {
  const std::string text = after_colon(request);
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  return {error == std::errc() && end == text.data() + text.size() ? id : 0};
}

// On whose behalf the server does it: of who asked, approved by another.
staff::Actor on_behalf(const Request& request) {
  return {.principal = request.person, .trace_id = "", .approved = true};
}

Action granting(staff::Staff& staff, staff::Role role) {
  auto look = [&staff, role](const Request& request) -> Result<std::string> {
    if (request.target == request.person) {
      return fail(ErrorKind::conflict, "own_account", "Nobody asks for a role of their own; another admin can.");
    }
    const staff::Member member = TRY(staff.member(id_of<staff::Member>(request)));
    if (member.role == role) {
      return fail(ErrorKind::conflict, "role_held", "This member has the role already.");
    }
    if (!member.unit.empty() && staff::unit_use(role) == staff::UnitUse::none) {
      return fail(ErrorKind::conflict, "unit_set",
                  fmt::format("This member is limited to {}; take that away first, since the role {} is not limited.",
                              member.unit, staff::name_of(role)));
    }
    return std::string(staff::name_of(member.role)) + (member.disabled_at ? ", disabled" : "");
  };
  auto run = [&staff, role](const Request& request, std::string_view) -> Result<void> {
    const auto id = id_of<staff::Member>(request);
    if (TRY(staff.member(id)).role == role) return {};
    TRY(staff.set_role(on_behalf(request), id, role));
    return {};
  };
  return {look, run};
}

Action admitting(staff::Staff& staff) {
  auto look = [&staff](const Request& request) -> Result<std::string> {
    const staff::Token token = TRY(staff.token(id_of<staff::Token>(request)));
    if (!token.waits || token.revoked_at) {
      return fail(ErrorKind::conflict, "token_waits_not", "This token does not wait to be admitted.");
    }
    return std::string("waits");
  };
  auto run = [&staff](const Request& request, std::string_view) {
    return staff.admit_token(on_behalf(request), id_of<staff::Token>(request));
  };
  return {look, run};
}

Action opening(webhooks::Webhooks& webhooks) {
  auto look = [&webhooks](const Request& request) -> Result<std::string> {
    const webhooks::Status status = TRY(webhooks.get(after_colon(request)));
    if (status.endpoint.enabled) {
      return fail(ErrorKind::conflict, "webhook_enabled",
                  "This webhook is enabled already; disable it and change it before you ask.");
    }
    return std::to_string(status.version);
  };
  auto run = [&webhooks](const Request& request, std::string_view mark) -> Result<void> {
    const std::string id = after_colon(request);
    const webhooks::Status status = TRY(webhooks.get(id));
    if (std::to_string(status.version) != mark) return {};
    TRY(webhooks.change(on_behalf(request), id, {.enabled = true, .if_version = status.version}));
    return {};
  };
  return {look, run};
}

}  // namespace

void App::bind_approved_actions() {
  // By what the key is: another one shows that it was done.
  auto key = [this](const Request& request) -> Result<std::string> {
    Place* place = TRY(known_place(after_colon(request)));
    return crypto::to_hex(crypto::digest(place->vault->region_keys().current.bytes()));
  };
  auto rotate = [this, key](const Request& request, std::string_view mark) -> Result<void> {
    if (TRY(key(request)) != mark) return {};
    return rotate_region_key(after_colon(request), on_behalf(request));
  };
  approvals_->on(Operation::rotate_region_key, {key, rotate});
  auto layers = [this](const Request& request) { return digest_layers(after_colon(request)); };
  auto add_layer = [this](const Request& request, std::string_view mark) -> Result<void> {
    if (TRY(digest_layers(after_colon(request))) != mark) return {};
    return rotate_digest_key(after_colon(request), on_behalf(request));
  };
  approvals_->on(Operation::rotate_digest_key, {layers, add_layer});
  approvals_->on(Operation::grant_admin, granting(*staff_, staff::Role::admin));
  approvals_->on(Operation::grant_data_protection_officer, granting(*staff_, staff::Role::data_protection_officer));
  approvals_->on(Operation::admit_token, admitting(*staff_));
  approvals_->on(Operation::open_webhook, opening(*webhooks_));
  // Begun twice it deletes what came meanwhile, too; begun by halves it would leave a region out.
  approvals_->on(Operation::delete_test_data, {[](const Request&) -> Result<std::string> { return ""; },
                                               [this](const Request& request, std::string_view) {
                                                 return test_data_->delete_all(on_behalf(request));
                                               }});
}

Result<std::string> App::digest_layers(const std::string& region) {
  Place* place = TRY(known_place(region));
  std::size_t layers = 0;
  TRY(regions_->find(region)->data().read([&](db::Transaction& tx) -> Result<void> {
    layers = TRY(place->identities->digester(tx))->layers();
    return {};
  }));
  return std::to_string(layers);
}

}  // namespace handschlag::app
