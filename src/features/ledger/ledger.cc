#include "features/ledger/ledger.h"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>

#include "features/ledger/store.h"
#include "platform/db/group_commit.h"
#include "platform/json/json.h"

namespace handschlag::ledger {
namespace {

constexpr std::size_t kGroupEntries = 1'000;
constexpr std::size_t kWaitingEntries = 20'000;
constexpr std::size_t kCopiedAtOnce = 200;

std::string context_of(std::int64_t seq, IdentityId identity) {
  return fmt::format("ledger_entry|{}|{}", seq, identity.value);
}

std::string to_text(const Entry& entry) {
  json::Value rules = json::Value::array();
  for (gate::Rule rule : entry.rules) rules.push_back(static_cast<int>(rule));
  json::Value value = {{"use", static_cast<int>(entry.use)},
                       {"purposes", entry.purposes.bits()},
                       {"decision", static_cast<int>(entry.decision)},
                       {"rules", rules},
                       {"rule_set", entry.rule_set},
                       {"role", entry.role},
                       {"operation", entry.operation}};
  if (!entry.region.empty()) value["region"] = entry.region;
  if (!entry.unit.empty()) value["unit"] = entry.unit;
  return json::dump(value);
}

Result<Entry> from_text(std::string_view text) {
  json::Value value = TRY(json::parse(text));
  Entry entry;
  entry.use = static_cast<gate::Use>(value.value("use", 0));
  entry.purposes = gate::PurposeSet::from_bits(value.value("purposes", std::int64_t{0}));
  entry.decision = static_cast<gate::Decision>(value.value("decision", 0));
  for (const json::Value& rule : value["rules"]) entry.rules.push_back(static_cast<gate::Rule>(rule.get<int>()));
  entry.rule_set = value.value("rule_set", std::uint64_t{0});
  entry.role = value.value("role", "");
  entry.operation = value.value("operation", "");
  entry.region = value.value("region", "");
  entry.unit = value.value("unit", "");
  return entry;
}

// Lets the thread that asked wait for the group its entries went into.
struct Waiter {
  std::mutex mutex;
  std::condition_variable ready;
  bool done = false;
  Result<void> result;
};

class LedgerImpl final : public Ledger {
 public:
  LedgerImpl(regions::Region& region, vault::Vault& vault)
      : region_(region),
        vault_(vault),
        groups_(
            region.ledger_writer(),
            [this](db::Transaction& tx, std::span<std::vector<Entry>*> group) { return write(tx, group); },
            kGroupEntries, kWaitingEntries) {}

  Result<void> record(std::vector<Entry> entries) override {
    if (entries.empty()) return {};
    auto waiter = std::make_shared<Waiter>();
    std::size_t weight = entries.size();
    TRY(groups_.submit(0, std::move(entries), weight, [waiter](const Result<void>& result, std::vector<Entry>&) {
      std::lock_guard lock(waiter->mutex);
      waiter->result = result;
      waiter->done = true;
      waiter->ready.notify_one();
    }));
    std::unique_lock lock(waiter->mutex);
    waiter->ready.wait(lock, [&] { return waiter->done; });
    return waiter->result;
  }

  Result<std::vector<Record>> read(IdentityId identity, std::int64_t before, std::size_t limit) override {
    std::vector<store::Row> rows;
    TRY(region_.ledger().read([&](db::Transaction& tx) {
      return store::read(tx, identity.value, before, static_cast<std::int64_t>(limit),
                         [&](store::Row row) { rows.push_back(std::move(row)); });
    }));
    return open(identity, rows);
  }

  Result<std::vector<Record>> read_after(IdentityId identity, std::int64_t after, std::size_t limit) override {
    std::vector<store::Row> rows;
    TRY(region_.ledger().read([&](db::Transaction& tx) {
      return store::read_after(tx, identity.value, after, static_cast<std::int64_t>(limit),
                               [&](store::Row row) { rows.push_back(std::move(row)); });
    }));
    return open(identity, rows);
  }

  Result<void> take_over(Ledger& from, IdentityId origin, IdentityId identity) override {
    std::int64_t through = 0;
    TRY(region_.ledger().read([&](db::Transaction& tx) -> Result<void> {
      through = TRY(store::copied(tx, identity.value));
      return {};
    }));
    for (;;) {
      auto page = TRY(from.read_after(origin, through, kCopiedAtOnce));
      if (page.empty()) return {};
      through = page.back().seq;
      std::vector<Entry> entries;
      for (Record& record : page) {
        record.entry.identity = identity;
        entries.push_back(std::move(record.entry));
      }
      std::vector<Entry>* group[] = {&entries};
      TRY(region_.ledger_writer().run([&](db::Transaction& tx) -> Result<void> {
        if (TRY(store::copied(tx, identity.value)) >= through) return {};
        TRY(write(tx, group));
        return store::set_copied(tx, identity.value, through);
      }));
    }
  }

  Result<std::int64_t> highest_identity() override {
    std::int64_t highest = 0;
    TRY(region_.ledger().read([&](db::Transaction& tx) -> Result<void> {
      highest = TRY(store::highest_identity(tx));
      return {};
    }));
    return highest;
  }

 private:
  Result<std::vector<Record>> open(IdentityId identity, const std::vector<store::Row>& rows) {
    std::vector<Record> out;
    if (rows.empty()) return out;
    crypto::Key key = TRY(vault_.get(identity, vault::RetentionClass::ordinary));
    for (const store::Row& row : rows) {
      Entry entry = TRY(from_text(TRY(crypto::open(key, row.sealed, context_of(row.seq, identity)))));
      entry.identity = identity;
      entry.at = from_millis(row.at);
      out.push_back({row.seq, std::move(entry)});
    }
    return out;
  }

  Result<void> write(db::Transaction& tx, std::span<std::vector<Entry>*> group) {
    std::vector<const Entry*> entries;
    std::vector<IdentityId> identities;
    for (const std::vector<Entry>* list : group) {
      for (const Entry& entry : *list) {
        entries.push_back(&entry);
        identities.push_back(entry.identity);
      }
    }
    auto keys = TRY(vault_.find(identities, vault::RetentionClass::ordinary));
    std::int64_t seq = TRY(store::allocate(tx, static_cast<std::int64_t>(entries.size())));
    std::vector<store::Row> rows;
    for (std::size_t i = 0; i < entries.size(); ++i, ++seq) {
      if (!keys[i]) continue;
      const Entry& entry = *entries[i];
      rows.push_back({seq, entry.identity.value, to_millis(entry.at),
                      crypto::seal(*keys[i], to_text(entry), context_of(seq, entry.identity))});
    }
    return store::insert(tx, rows);
  }

  regions::Region& region_;
  vault::Vault& vault_;
  db::GroupCommit<std::vector<Entry>> groups_;
};

}  // namespace

std::unique_ptr<Ledger> Ledger::create(regions::Region& region, vault::Vault& vault) {
  return std::make_unique<LedgerImpl>(region, vault);
}

}  // namespace handschlag::ledger
