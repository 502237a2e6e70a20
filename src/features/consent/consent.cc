#include "features/consent/consent.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "features/consent/said.h"
#include "features/consent/standing.h"
#include "features/consent/store.h"
#include "platform/crypto/crypto.h"
#include "platform/json/json.h"

namespace handschlag::consent {
namespace {

constexpr auto kProofs = vault::RetentionClass::consent_proof;

std::string context_of(IdentityId identity, StatementId id) {
  return fmt::format("consent_statement|{}|{}", identity.value, id.value);
}

std::string to_text(const Statement& said) {
  json::Value value = {{"language", said.proof.language},
                       {"declaration", said.proof.declaration},
                       {"evidence", said.proof.evidence},
                       {"role", said.proof.role}};
  if (!said.proof.way.empty()) value["way"] = said.proof.way;
  if (said.address) {
    value["address"] = {{"kind", static_cast<std::int64_t>(said.address->kind)},
                        {"name_space", said.address->name_space},
                        {"value", said.address->value}};
  }
  return json::dump(value);
}

Result<void> read_text(std::string_view text, Statement& said) {
  const json::Value value = TRY(json::parse(text));
  said.proof.language = value.value("language", "");
  said.proof.declaration = value.value("declaration", "");
  said.proof.evidence = value.value("evidence", "");
  said.proof.role = value.value("role", "");
  said.proof.way = value.value("way", "");
  if (auto address = value.find("address"); address != value.end()) {
    said.address = identity::Key{static_cast<identity::KeyKind>(address->value("kind", std::int64_t{0})),
                                 address->value("name_space", ""), address->value("value", "")};
  }
  return {};
}

std::unexpected<Error> wrong(std::string field, std::string reason) {
  std::vector<FieldError> fields;
  fields.push_back({std::move(field), std::move(reason)});
  return fail(ErrorKind::invalid, "statement_invalid", "This can't be recorded as a statement.", std::move(fields));
}

Result<void> check(const Statement& said) {
  const auto kind = address_kind(said.channel);
  if (said.address && kind && said.address->kind != *kind) {
    return wrong("/address", "must be of the kind by which this channel reaches people");
  }
  if (!said.address && kind && !is_no(said.act)) {
    return wrong("/address", "is required: a yes for this channel is one for an address");
  }
  if (said.proof.declaration.size() > Consents::kMaxDeclaration) {
    return wrong("/declaration", fmt::format("must have at most {} bytes", Consents::kMaxDeclaration));
  }
  if (said.proof.evidence.size() > Consents::kMaxEvidence) {
    return wrong("/evidence", fmt::format("must have at most {} bytes", Consents::kMaxEvidence));
  }
  if (said.expires_at && *said.expires_at <= said.occurred_at && is_yes(said.act)) {
    return wrong("/expires_at", "must lie after the moment at which it was said");
  }
  return {};
}

void sort_newest_first(std::vector<Statement>& statements) {
  std::sort(statements.begin(), statements.end(), [](const Statement& a, const Statement& b) {
    return std::pair(a.occurred_at, a.id) > std::pair(b.occurred_at, b.id);
  });
}

}  // namespace

Result<StatementId> Consents::record(db::Transaction& tx, Statement said) {
  said.occurred_at = std::min(said.occurred_at, said.received_at);
  TRY(check(said));
  // First: from here on nobody changes region, and what follows sees whoever did (see hold()).
  said.id = {TRY(store::allocate(tx))};
  if (auto forward = TRY(subjects::forward(tx, said.identity)); forward && forward->state != subjects::Going::leaving) {
    return fail(ErrorKind::conflict, "customer_moved", "The customer has moved to another region; look for them anew.");
  }
  const bool there = TRY(identities_.source_of(tx, said.identity)) != 0;
  // Of who is not there any more a no for an address is kept all the same: it must stay left alone.
  if (!there && (!is_no(said.act) || !said.address)) {
    return fail(ErrorKind::not_found, "customer_unknown", "There is no such customer.");
  }
  if (there && TRY(store::count(tx, said.identity)) >= static_cast<std::int64_t>(kMostStatements)) {
    return fail(ErrorKind::too_many, "statements_too_many", "No more statements of this person can be recorded.");
  }
  // Whoever said it, and by whichever way: a no to linking takes apart what was joined by leave, in the same
  // transaction.
  if (there && is_no(said.act) && said.purpose == Purpose::IdentityLinking) {
    auto household = TRY(identities_.household(tx, said.identity));  // before the first is taken from it
    if (household.empty()) household.push_back(said.identity);
    for (IdentityId each : household) TRY(identities_.end_leave(tx, each, said.occurred_at, said.received_at));
  }
  const StatementId id = said.id;
  std::set<IdentityId> concerned = {said.identity};
  const bool of_use = said.channel == Channel::none;
  if (of_use && said.address) {
    for (const auto& found : TRY(identities_.find(tx, {&*said.address, 1}, gate::PurposeSet::all()))) {
      concerned.insert(found.id);
    }
  }
  for (IdentityId each : concerned) {
    if (each != said.identity) TRY(store::concern(tx, each, id));
  }
  TRY(insert(tx, std::move(said), there));
  if (of_use) TRY(work_out(tx, concerned));
  return id;
}

Result<void> Consents::insert(db::Transaction& tx, Statement said, bool there) {
  store::Row row;
  row.held = !there;
  std::size_t layers = 1;
  if (said.address) {
    auto digester = TRY(identities_.digester(tx));
    row.digest = digester->digest(own_message_of(*said.address));
    layers = digester->layers();
  }
  if (there) {
    const auto keys = TRY(vault_.create({&said.identity, 1}, kProofs));
    row.sealed = crypto::seal(keys.front(), to_text(said), context_of(said.identity, said.id));
  }
  row.statement = std::move(said);
  return store::insert(tx, row, layers);
}

Result<Standing> Consents::standing(db::Transaction& tx, const Asked& asked) {
  auto rows = TRY(store::of_identities(tx, asked.identities));
  std::vector<Said> said;
  said.reserve(rows.size());
  for (const store::Row& row : rows) said.push_back(said_of(row, true));
  std::string digest;
  if (asked.address != nullptr) {
    auto digester = TRY(identities_.digester(tx));
    digest = digester->digest(own_message_of(*asked.address));
    const auto former = digester->former(own_message_of(*asked.address));
    add_others(said, TRY(store::of_address(tx, digest, former)));
    // While digests are being rotated an address may stand there under either.
    for (Said& each : said) {
      if (former && each.address == *former) each.address = digest;
    }
  }
  return evaluate(said, asked.purpose, asked.channel, digest, asked.at);
}

Result<std::vector<Standing>> Consents::standings(db::Transaction& tx, std::span<const IdentityId> identities, Time at,
                                                  std::span<const Use> beside) {
  auto rows = TRY(store::of_identities(tx, identities));
  std::vector<Said> said;
  std::set<Use> spoken_of(beside.begin(), beside.end());
  std::set<std::string> addresses;
  for (const store::Row& row : rows) {
    said.push_back(said_of(row, true));
    spoken_of.emplace(row.statement.purpose, row.statement.channel);
    if (row.digest) addresses.insert(*row.digest);
  }
  // What others said for one of these addresses.
  for (const std::string& address : addresses) {
    std::vector<store::Row> others = TRY(store::of_address(tx, address, std::nullopt));
    std::erase_if(others, [](const store::Row& row) { return !is_no(row.statement.act); });
    for (const store::Row& row : others) spoken_of.emplace(row.statement.purpose, row.statement.channel);
    add_others(said, others);
  }
  std::vector<Standing> out;
  for (const auto& [purpose, channel] : spoken_of) {
    Standing standing = evaluate(said, purpose, channel, "", at);
    for (const std::string& address : addresses) {
      const Standing there = evaluate(said, purpose, channel, address, at);
      if (there.state == gate::ConsentState::refused && standing.state != gate::ConsentState::refused) standing = there;
    }
    out.push_back(std::move(standing));
  }
  return out;
}

Result<std::vector<Statement>> Consents::history(db::Transaction& tx, std::span<const IdentityId> identities) {
  return opened(TRY(store::of_identities(tx, identities)), identities);
}

Result<std::vector<Statement>> Consents::outline(db::Transaction& tx, IdentityId identity) {
  std::vector<Statement> out;
  for (store::Row& row : TRY(store::of_identities(tx, {&identity, 1}))) {
    row.statement.readable = false;
    out.push_back(std::move(row.statement));
  }
  sort_newest_first(out);
  return out;
}

Result<Matching> Consents::matching(db::Transaction& tx, const Wanted& wanted, StatementId before, std::size_t limit) {
  constexpr std::int64_t kWindow = 5'000;  // rows in one query
  constexpr int kWindows = 40;
  Matching out;
  out.through = before ? before : StatementId{TRY(store::last_id(tx)) + 1};
  for (int i = 0; i < kWindows && out.through.value > 1; ++i) {
    const StatementId first{std::max<std::int64_t>(1, out.through.value - kWindow)};
    for (store::Row& row : TRY(store::matching(tx, wanted, first, out.through, limit - out.statements.size()))) {
      row.statement.readable = false;
      out.statements.push_back(std::move(row.statement));
    }
    const bool enough = out.statements.size() == limit;
    out.through = enough ? out.statements.back().id : first;
    if (enough) break;
  }
  out.more = out.through.value > 1;
  return out;
}

Result<std::vector<Statement>> Consents::said_for(db::Transaction& tx, const identity::Key& address) {
  auto digester = TRY(identities_.digester(tx));
  auto rows =
      TRY(store::of_address(tx, digester->digest(own_message_of(address)), digester->former(own_message_of(address))));
  std::erase_if(rows, [](const store::Row& row) { return row.held; });
  std::set<IdentityId> who;
  for (const store::Row& row : rows) who.insert(row.statement.identity);
  const std::vector<IdentityId> identities(who.begin(), who.end());
  return opened(std::move(rows), identities);
}

Result<std::vector<Statement>> Consents::opened(std::vector<store::Row> rows, std::span<const IdentityId> identities) {
  const auto keys = TRY(vault_.find(identities, kProofs));
  std::map<IdentityId, const crypto::Key*> by_identity;
  for (std::size_t i = 0; i < identities.size(); ++i) {
    by_identity[identities[i]] = keys[i] ? &*keys[i] : nullptr;
  }
  std::vector<Statement> out;
  out.reserve(rows.size());
  for (store::Row& row : rows) {
    Statement& said = row.statement;
    const crypto::Key* key = by_identity[said.identity];
    said.readable = key != nullptr && row.sealed.has_value();
    if (said.readable) {
      TRY(read_text(TRY(crypto::open(*key, *row.sealed, context_of(said.identity, said.id))), said));
    }
    out.push_back(std::move(said));
  }
  sort_newest_first(out);
  return out;
}

Result<IdentityId> Consents::whose(db::Transaction& tx, StatementId id) {
  auto row = TRY(store::find(tx, id));
  if (!row || row->held) {
    return fail(ErrorKind::not_found, "statement_unknown", "There is no such statement.");
  }
  return row->statement.identity;
}

Result<Statement> Consents::find(db::Transaction& tx, StatementId id) {
  const IdentityId who = TRY(whose(tx, id));
  for (Statement& said : TRY(history(tx, {&who, 1}))) {
    if (said.id == id) return std::move(said);
  }
  return fail(ErrorKind::not_found, "statement_unknown", "There is no such statement.");
}

Result<bool> Consents::was_said(db::Transaction& tx, const Statement& said, Time from, Time to) {
  std::vector<store::Row> rows;
  std::string digest;
  std::optional<std::string> former;
  if (said.address) {
    auto digester = TRY(identities_.digester(tx));
    digest = digester->digest(own_message_of(*said.address));
    former = digester->former(own_message_of(*said.address));
    rows = TRY(store::of_address(tx, digest, former));
  } else {
    rows = TRY(store::of_identities(tx, {&said.identity, 1}));
  }
  return std::any_of(rows.begin(), rows.end(), [&](const store::Row& row) {
    const Statement& there = row.statement;
    const bool theirs = there.identity == said.identity || row.held || (!said.identity && is_no(said.act));
    const bool exact = from == to || there.way == Way::imported;
    return theirs && exact && there.act == said.act && there.purpose == said.purpose && there.channel == said.channel &&
           row.digest.has_value() == said.address.has_value() && there.occurred_at >= from && there.occurred_at <= to;
  });
}

Result<bool> Consents::said_no(db::Transaction& tx, const identity::Key& address, Purpose purpose, Channel channel) {
  auto digester = TRY(identities_.digester(tx));
  const std::string digest = digester->digest(own_message_of(address));
  const auto former = digester->former(own_message_of(address));
  std::vector<Said> said;
  add_others(said, TRY(store::of_address(tx, digest, former)));
  for (Said& each : said) each.address = digest;
  return evaluate(said, purpose, channel, digest, Time::max()).state == gate::ConsentState::refused;
}

Result<IdentityId> Consents::release(db::Transaction& tx, Time now, IdentityId after, std::int64_t limit) {
  const auto held = TRY(store::held(tx, after, limit));
  for (IdentityId identity : held) {
    while (TRY(store::remove_free(tx, identity, now, static_cast<std::int64_t>(kMostStatements))) > 0) {
    }
    if (TRY(store::holds_proof(tx, identity))) continue;
    // Also where nothing was left to remove: a backup may have what this key opens.
    TRY(vault_.destroy(identity, kProofs));
    TRY(store::let_go(tx, identity));
  }
  return std::ssize(held) < limit ? IdentityId{} : held.back();
}

Result<std::int64_t> Consents::take_over(db::Transaction& from_tx, Consents& from, IdentityId origin,
                                         db::Transaction& tx, IdentityId identity) {
  auto statements = TRY(from.history(from_tx, {&origin, 1}));
  std::sort(statements.begin(), statements.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  std::vector<StatementId> there;
  for (const store::Row& row : TRY(store::of_identities(tx, {&identity, 1}))) there.push_back(row.statement.id);
  std::map<StatementId, StatementId> numbers;
  for (std::size_t i = 0; i < statements.size(); ++i) {
    Statement& said = statements[i];
    const StatementId old = said.id;
    if (i < there.size()) {
      numbers[old] = there[i];
      continue;
    }
    said.identity = identity;
    said.id = {TRY(store::allocate(tx))};
    said.follows = numbers[said.follows];
    numbers[old] = said.id;
    TRY(insert(tx, std::move(said), true));
  }
  TRY(work_out(tx, {identity}));
  return static_cast<std::int64_t>(statements.size());
}

Result<void> Consents::hold(db::Transaction& tx) {
  TRY(store::lock(tx));
  return {};
}

}  // namespace handschlag::consent
