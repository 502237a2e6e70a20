#include "app/testing/house.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <future>
#include <stdexcept>

#include "app/schema/schema.h"

namespace handschlag::model {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().code + ": " + result.error().detail);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

void append(std::vector<db::Migration>& to, std::span<const db::Migration> from) {
  to.insert(to.end(), from.begin(), from.end());
}

std::optional<std::string> code_of(const Result<void>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

customers::Viewer viewer_for(std::optional<gate::Purpose> purpose) {
  customers::Viewer viewer;
  viewer.role = "data_protection_officer";
  viewer.principal = "token:1";
  viewer.operation = "getCustomer";
  viewer.purpose = purpose;
  return viewer;
}

}  // namespace

House::House(db::testing::Backend backend) : clock_(must(parse_time("2026-11-21T12:00:00.000Z"))) {
  static std::atomic<int> count = 0;
  crypto::initialize();
  prefix_ = fmt::format("m{}n{}", getpid(), ++count);
  own_control_ = db::testing::TestDatabase::open(backend);
  control_ = &**own_control_;
  settings_.data_folder = folder_.path() / "data";
  settings_.key_folder = folder_.path() / "keys";
  if (backend == db::testing::Backend::postgresql) settings_.postgres_url = own_control_->options().location;
  for (std::size_t i = 0; i < kRegions.size(); ++i) {
    settings_.regions.push_back({region_id(i), {std::string(kCountries[i])}});
  }
  settings_.home = region_id(0);
  must(regions::Regions::create_keys(settings_));
  std::vector<db::Migration> schema;
  append(schema, jobs::migrations());
  append(schema, staff::migrations());
  append(schema, sources::migrations());
  append(schema, moves::migrations());
  must(control_->migrate(schema));
  open();
  for (const Sender& sender : senders()) {
    sources::Source source;
    source.id = sender.id;
    source.touchpoint = sender.id;
    source.name_space = sender.name_space;
    source.country = "DE";
    source.trust = sender.server ? sources::Trust::server : sources::Trust::public_;
    source.purposes = sender.purposes;
    source.mode = sender.test ? sources::Mode::test : sources::Mode::live;
    must(sources_->add(source));
  }
}

House::House(House& first)
    : prefix_(first.prefix_),
      settings_(first.settings_),
      clock_(first.clock_.now()),
      further_control_(first.own_control_->open_again()),
      control_(further_control_.get()) {
  open();
}

House::~House() {
  close();
  if (own_control_ && !settings_.postgres_url.empty()) drop_schemas();
}

void House::drop_schemas() {
  for (const auto& region : settings_.regions) {
    for (const char* name : {"data", "vault", "ledger"}) {
      std::string sql = fmt::format("DROP SCHEMA IF EXISTS handschlag_{}_{} CASCADE", region.id, name);
      (void)control_->write([&](db::Transaction& tx) -> Result<void> {
        TRY(tx.execute(sql, {}));
        return {};
      });
    }
  }
}

void House::open() {
  regions_ = must(regions::Regions::open(settings_, app::region_schemas()));
  staff_ = staff::Staff::create(*control_, clock_);
  sources_ = must(sources::Sources::open(*control_, clock_));
  std::vector<events::Cell> cells;
  std::vector<ledger::Ledger*> ledgers;
  std::vector<subjects::Place> subject_places;
  words_ = customers::create_digest_holder();
  addresses_ = consent::create_digest_holder();
  for (const auto& region : regions_->all()) {
    Place place;
    place.vault = must(vault::Vault::open(region->vault(), region->id(), region->key()));
    place.identities = std::make_unique<identity::Identities>(*place.vault, identity::Limits{100, 60});
    place.ledger = ledger::Ledger::create(*region, *place.vault);
    place.consents = std::make_unique<consent::Consents>(*place.vault, *place.identities);
    place.digests =
        std::make_unique<identity::DigestRotation>(*place.identities, region->data(), region->writer(),
                                                   std::vector{words_.get(), addresses_.get()}, events::hold_order);
    cells.push_back({region.get(), place.identities.get(), place.consents.get()});
    ledgers.push_back(place.ledger.get());
    subject_places.push_back(
        {region.get(), place.vault.get(), [this, id = region->id()](IdentityId identity) -> Result<void> {
           TRY(events::settle(*events_->cell(id), identity));
           return {};
         }});
    places_.push_back(std::move(place));
  }
  names_ = customers::create_name_index();
  events_ =
      events::Events::create(std::move(cells), *regions_, *sources_, law::shipped_law(), metrics_, {names_.get()});
  customers_ = customers::Customers::create(*events_, *sources_, law::shipped_law(), *staff_, ledgers, clock_);
  feed_ = feed::Feed::create(*events_, *sources_, law::shipped_law(), ledgers, clock_);
  subject_data_.push_back(customers::create_subject_data());
  subject_data_.push_back(events::create_subject_data());
  subject_data_.push_back(consent::create_subject_data(clock_));
  subject_data_.push_back(identity::create_subject_data());
  std::vector<subjects::SubjectData*> slices;
  for (const auto& data : subject_data_) slices.push_back(data.get());
  subjects_ = subjects::Subjects::create(std::move(subject_places), std::move(slices), *control_, clock_);
  std::vector<consent::Consents*> consents;
  for (const Place& place : places_) consents.push_back(place.consents.get());
  moves::Options options;
  options.at = [this](std::string_view step) { return at_step_ ? at_step_(step) : Result<void>(); };
  moves_ =
      moves::Moves::create({events_.get(), sources_.get(), &law::shipped_law(), customers_.get(), subjects_.get(),
                            staff_.get(), regions_.get(), std::move(ledgers), std::move(consents), control_, &clock_},
                           options);
}

void House::close() {
  feed_.reset();
  if (regions_) regions_->stop();
  moves_.reset();
  subjects_.reset();
  subject_data_.clear();
  customers_.reset();
  events_.reset();
  names_.reset();
  places_.clear();
  words_.reset();
  addresses_.reset();
  sources_.reset();
  staff_.reset();
  regions_.reset();
}

void House::reopen() {
  close();
  open();
}

std::string House::handle(Who who) const {
  return customers::format_handle(region_id(who.first), {who.second});
}

std::int64_t House::number_of(std::string_view handle) const {
  std::int64_t number = 0;
  std::string_view digits = handle.substr(handle.rfind('-') + 1);
  std::from_chars(digits.data(), digits.data() + digits.size(), number, 36);
  return number;
}

events::Intake House::intake(const Sent& sent) const {
  events::Intake out;
  out.type = sent.order > 0 ? events::EventType::track : events::EventType::identify;
  if (sent.order > 0) {
    out.name = "Order Completed";
    out.properties = json::Value{{"total", sent.order}, {"currency", "EUR"}};
  }
  out.message_id = sent.message;
  if (sent.user) out.user_id = fmt::format("user-{}", *sent.user);
  if (sent.anonymous) out.anonymous_id = fmt::format("visit-{}", *sent.anonymous);
  if (sent.email) out.keys.emplace_back(identity::KeyKind::email, fmt::format("mail-{}@example.org", *sent.email));
  out.country = kCountries[sent.country];
  if (sent.consent) {
    for (const gate::DeclaredPurpose& declared : senders()[sent.sender].purposes) out.consented.add(declared.purpose);
  }
  out.original = out.occurred = out.received = sent.at;
  return out;
}

Result<Counts> House::ingest(const std::vector<Sent>& batch) {
  std::vector<events::Intake> intakes;
  for (const Sent& sent : batch) intakes.push_back(intake(sent));
  std::promise<Result<events::Outcome>> answer;
  events_->submit(sources_->find(senders()[batch.front().sender].id), std::move(intakes),
                  [&](Result<events::Outcome> outcome) { answer.set_value(std::move(outcome)); });
  events::Outcome outcome = TRY(answer.get_future().get());
  if (!outcome.rejected.empty()) return fail(ErrorKind::invalid, "rejected", outcome.rejected.front().reason);
  return Counts{outcome.stored, outcome.unlinked, outcome.refused, outcome.duplicates};
}

std::optional<std::string> House::link(Who a, Who b, PurposeSet purposes) {
  return code_of(customers_->link(viewer_for(std::nullopt), handle(a), handle(b), gate::Basis::contract, purposes));
}

std::optional<std::string> House::unlink(Who a, Who b) {
  return code_of(customers_->unlink(viewer_for(std::nullopt), handle(a), handle(b)));
}

Result<void> House::change_leave(Who who, PurposeSet purposes, customers::Customers::Leave leave) {
  return customers_->change_leave(viewer_for(std::nullopt), handle(who), purposes, leave);
}

Result<void> House::erase(Who who) {
  IdentityId id{who.second};
  return subjects_->erase_now(region_id(who.first), {&id, 1});
}

Result<Id<moves::Move>> House::begin_move(Who who, std::size_t region) {
  moves::Wish wish{region_id(region), std::string(kCountries[region]), gate::Purpose::RightsFulfilment};
  customers::Viewer viewer = viewer_for(std::nullopt);
  viewer.operation = "moveCustomer";
  return TRY(moves_->request(viewer, handle(who), wish)).id;
}

Result<Who> House::finish_move(Id<moves::Move> id) {
  TRY(moves_->carry_out(id, {}));
  moves::Move move = TRY(moves_->find(id));
  if (move.state != moves::State::done) return fail(ErrorKind::conflict, "not_moved", "Nobody was moved.");
  std::size_t place = 0;
  while (place + 1 < kRegions.size() && region_id(place) != move.to) ++place;
  return Who{place, move.target.value};
}

Result<Who> House::move(Who who, std::size_t region) {
  return finish_move(TRY(begin_move(who, region)));
}

Result<std::vector<std::string>> House::find(int user) {
  std::vector<std::string> out;
  for (const customers::Found& found :
       TRY(customers_->find_by_key(viewer_for(std::nullopt), fmt::format("user_id:user-{}", user)))) {
    out.push_back(found.handle);
  }
  return out;
}

Result<std::size_t> House::uses(Who who) {
  return TRY(customers_->uses(viewer_for(std::nullopt), handle(who), "", 200)).items.size();
}

Result<std::vector<std::string>> House::told(std::size_t region, std::int64_t& after) {
  constexpr auto kPurpose = gate::Purpose::CustomerOrderManagement;
  feed::Recipient recipient;
  recipient.role = "integration";
  recipient.operation = "readFeed";
  recipient.purpose = kPurpose;
  recipient.granted = {kPurpose};
  feed::Filter filter;
  filter.region = region_id(region);
  std::vector<std::string> out;
  for (bool more = true; more;) {
    feed::Page page = TRY(feed_->read(recipient, filter, after, 50));
    for (const events::Event& event : page.items) out.push_back(event.body.value("message_id", ""));
    after = page.through;
    more = page.more;
  }
  return out;
}

Result<void> House::forget_refused() {
  return events_->forget_refused(clock_.now());
}

Result<void> House::rotate_digest_key(std::size_t region, std::size_t steps) {
  identity::DigestRotation& rotation = *places_[region].digests;
  if (!TRY(rotation.running())) {
    auto begun = rotation.begin();
    if (!begun && begun.error().code != "digest_rotated_too_often") return begun;
  }
  auto finished = rotation.finish([&] { return steps-- == 0; });
  return finished || finished.error().code == "interrupted" ? Result<void>() : finished;
}

Result<std::multiset<std::string>> House::messages(const customers::Viewer& viewer, const std::string& handle) {
  std::multiset<std::string> out;
  customers::TimelineFilter filter;
  filter.limit = 7;  // so that there are pages
  for (;;) {
    auto page = customers_->timeline(viewer, handle, filter);
    if (!page && page.error().code == "cursor_invalid") {  // moved to another region meanwhile
      out.clear();
      filter.cursor.clear();
      continue;
    }
    auto timeline = TRY(std::move(page));
    for (const events::Event& event : timeline.items) {
      out.insert(event.body.value("message_id", ""));
    }
    if (!timeline.next) return out;
    filter.cursor = *timeline.next;
  }
}

Result<std::optional<View>> House::view(Who who, gate::Purpose purpose) {
  customers::Viewer viewer = viewer_for(purpose);
  auto looked = customers_->page(viewer, handle(who));
  if (!looked && (looked.error().code == "use_denied" || looked.error().code == "customer_unknown")) {
    return std::optional<View>();
  }
  customers::Page page = TRY(std::move(looked));
  View out;
  out.handle = number_of(page.handle);
  for (const identity::Identity& member : page.customer.identities) {
    out.members.insert(member.id.value);
    for (const identity::HeldKey& key : member.keys) {
      std::string value = key.value.substr(0, key.value.find('@'));
      out.keys.insert(fmt::format("{} {} {} {}", member.id.value, identity::name_of(key.kind), value,
                                  identity::name_of(key.standing)));
    }
  }
  for (const identity::Link& link : page.customer.links) {
    out.links.insert(fmt::format("{} {} {} {} {}", link.a.value, link.b.value, identity::name_of(link.standing),
                                 link.purposes.bits(), link.withdrawn.bits()));
  }
  out.events = page.sums.all.events;
  out.orders = page.sums.orders;
  for (const auto& [currency, money] : page.sums.money) out.ordered_micros += money.ordered;
  out.messages = TRY(messages(viewer, handle(who)));
  return std::optional(std::move(out));
}

Result<Rows> House::rows(std::size_t region) {
  Rows out;
  TRY(regions_->find(region_id(region))->data().read([&](db::Transaction& tx) -> Result<void> {
    for (auto [table, count] : {std::pair{"events_event", &out.events},
                                {"events_unlinked", &out.unlinked},
                                {"events_tombstone", &out.tombstones},
                                {"identity_key", &out.keys},
                                {"identity_link", &out.links},
                                {"identity_identity", &out.identities}}) {
      const std::string sql = fmt::format("SELECT count(*) FROM {}", table);
      TRY(tx.query(sql, {}, [into = count](const db::Row& row) { *into = row.integer(0); }));
    }
    return {};
  }));
  return out;
}

Result<std::map<std::string, std::pair<std::int64_t, std::int64_t>>> House::totals() {
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> out;
  for (const events::Total& total : TRY(events_->totals(""))) {
    auto& sum = out[fmt::format("{} {} {}", total.source, total.measure, total.linked)];
    sum.first += total.events;
    sum.second += total.amount_micros;
  }
  return out;
}

}  // namespace handschlag::model
