#include "features/imports/imports.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "features/identity/identity.h"
#include "features/regions/regions.h"
#include "features/vault/vault.h"
#include "platform/crypto/crypto.h"
#include "platform/db/testing/testing.h"
#include "platform/metrics/metrics.h"

namespace handschlag::imports {
namespace {

using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr std::string_view kHeader =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\r\n";

// Made up, one line for each trap that docs/import.md names.
constexpr std::string_view kLines =
    "1001,T1,TEAPOT BLUE,2,2010-12-01 08:26:00,2.55,501.0,United Kingdom\r\n"
    "1001,T2,\"CUPS, SET OF 4\",1,2010-12-01 08:26:00,10.125,501.0,United Kingdom\r\n"
    "1001,T1,TEAPOT BLUE,2,2010-12-01 08:26:00,2.55,501.0,United Kingdom\r\n"   // a legitimate duplicate
    "1002,T1,TEAPOT BLUE,1,2011-07-01 09:01:00,2.55,502.0,EIRE\r\n"             // two times
    "1002,T3,TRAY,1,2011-07-01 09:00:00,4,502.0,EIRE\r\n"                       //
    "C1003,T3,TRAY,-1,2011-07-02 09:00:00,4,502.0,EIRE\r\n"                     // a cancellation
    "1004,T1,TEAPOT BLUE,3,2011-07-02 10:00:00,2.5,,Unspecified\r\n"            // nobody, nowhere
    "1005,T3,,-40,2011-07-03 10:00:00,0.0,,United Kingdom\r\n"                  // a stock correction
    "A1006,B,Adjust bad debt,1,2011-07-03 10:00:00,-50.5,,United Kingdom\r\n"   // bookkeeping
    "1007,T1,TEAPOT BLUE,1,2011-07-04 10:00:00,2.55,501.0,Channel Islands\r\n"  // a second country
    "1008,T1,TEAPOT BLUE,one,2011-07-04 10:00:00,2.55,503.0,RSA\r\n";           // not a number

class Watcher : public Progress {
 public:
  void report(const Step& step) override { last = step; }
  bool cancelled() override { return cancel_after >= 0 && looks++ >= cancel_after; }
  Step last;
  int cancel_after = -1;  // looks; -1: never
  int looks = 0;
};

// Events that are busy for a while, then pass on to the real ones.
class BusyEvents final : public events::Events {
 public:
  explicit BusyEvents(events::Events& real) : real_(real) {}
  void submit(sources::SourcePointer source, std::vector<events::Intake> batch, Done done, const Elsewhere&) override {
    ++submissions;
    if (failures-- > 0) return done(std::unexpected(Error{kind, "writer_busy", "Busy.", {}, {}}));
    real_.submit(std::move(source), std::move(batch), std::move(done));
  }
  Result<std::vector<events::Event>> timeline(db::Transaction& tx, events::Cell& cell,
                                              const events::TimelineQuery& query) override {
    return real_.timeline(tx, cell, query);
  }
  Result<void> since(db::Transaction& tx, events::Cell& cell, IdentityId identity, std::int64_t after,
                     const std::function<void(const events::Event&)>& on_event) override {
    return real_.since(tx, cell, identity, after, on_event);
  }
  Result<std::int64_t> last_seq(db::Transaction& tx) override { return real_.last_seq(tx); }
  Result<events::FeedPage> feed(events::Cell& cell, const events::FeedQuery& query) override {
    return real_.feed(cell, query);
  }
  Result<std::size_t> carry(const events::Passage& passage, std::size_t limit) override {
    return real_.carry(passage, limit);
  }
  Result<Carried> carry_rest(db::Transaction& tx, const events::Passage& passage, std::size_t limit) override {
    return real_.carry_rest(tx, passage, limit);
  }
  Result<bool> carried_well(const events::Passage& passage) override { return real_.carried_well(passage); }
  Result<std::int64_t> count(events::Cell& cell, IdentityId identity) override { return real_.count(cell, identity); }
  void forget(std::span<const identity::Key> keys) override { real_.forget(keys); }
  Result<std::vector<events::Total>> totals(std::string_view source) override { return real_.totals(source); }
  Result<std::vector<events::DayTotal>> totals_by_day(Time since) override { return real_.totals_by_day(since); }
  Result<std::vector<events::RefusalCount>> refusals() override { return real_.refusals(); }
  events::Tail& tail() override { return real_.tail(); }
  events::Tally& tally() override { return real_.tally(); }
  void stop() override { real_.stop(); }
  Result<void> forget_refused(Time now) override { return real_.forget_refused(now); }
  Result<void> close_segments(const std::function<bool()>& should_stop) override {
    return real_.close_segments(should_stop);
  }
  Result<events::Holdings> holdings(db::Transaction& tx, events::Cell& cell, std::span<const IdentityId> identities,
                                    const events::Selection& what, std::size_t limit) override {
    return real_.holdings(tx, cell, identities, what, limit);
  }
  std::span<events::Cell> cells() override { return real_.cells(); }
  events::Cell* cell(std::string_view region) override { return real_.cell(region); }

  int failures = 0;
  int submissions = 0;
  ErrorKind kind = ErrorKind::too_many;

 private:
  events::Events& real_;
};

template <class Migrations>
void append(std::vector<db::Migration>& to, const Migrations& from) {
  to.insert(to.end(), from.begin(), from.end());
}

// A whole house on SQLite in a temporary folder: what an import writes is read back through the events.
class ImportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    crypto::initialize();
    regions::Settings settings{folder_.path() / "data", folder_.path() / "keys", "", regions::default_regions(), "eu"};
    ASSERT_TRUE(regions::Regions::create_keys(settings).has_value());
    regions::Schemas schemas;
    append(schemas.data, subjects::migrations());
    append(schemas.data, identity::migrations());
    append(schemas.data, events::migrations());
    append(schemas.vault, vault::migrations());
    auto regions = regions::Regions::open(settings, schemas);
    ASSERT_TRUE(regions.has_value()) << regions.error().detail;
    regions_ = *std::move(regions);
    control_ = db::testing::TestDatabase::open(db::testing::Backend::sqlite);
    std::vector<db::Migration> control;
    append(control, sources::migrations());
    append(control, migrations());
    ASSERT_TRUE((*control_)->migrate(control).has_value());
    sources_ = *sources::Sources::open(**control_, clock_);
    std::vector<events::Cell> cells;
    for (const auto& region : regions_->all()) {
      vaults_.push_back(*vault::Vault::open(region->vault(), region->id(), region->key()));
      identities_.push_back(std::make_unique<identity::Identities>(*vaults_.back(), identity::Limits{}));
      cells.push_back({region.get(), identities_.back().get()});
    }
    events_ = events::Events::create(cells, *regions_, *sources_, law::shipped_law(), metrics_, {});
    busy_ = std::make_unique<BusyEvents>(*events_);
    importer_ = Importer::create(*busy_, *sources_, **control_, clock_);
  }
  void TearDown() override {
    if (regions_) regions_->stop();
  }

  std::string write(const std::string& name, std::string_view text) {
    auto path = folder_.path() / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }
  std::string write_lines(std::string_view lines) {
    return write("till.csv", std::string(kHeader) + std::string(lines));
  }

  Report run(const Job& job) {
    auto report = importer_->run(job, watcher_);
    EXPECT_TRUE(report.has_value()) << report.error().detail;
    return report.value_or(Report{});
  }

  // "measure country linked" → "events amount".
  std::map<std::string, std::string> totals() {
    std::map<std::string, std::string> out;
    auto totals = events_->totals("online-retail");
    for (const events::Total& total : totals.value()) {
      if (total.measure == "events") continue;
      out[total.measure + " " + total.country + (total.linked ? " linked" : " unlinked")] =
          std::to_string(total.events) + " " + total.currency + " " + std::to_string(total.amount_micros);
    }
    return out;
  }

  static std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  db::testing::TemporaryFolder folder_;
  ManualClock clock_{*parse_time("2026-11-21T12:00:00Z")};
  metrics::Registry metrics_;
  std::unique_ptr<db::testing::TestDatabase> control_;
  std::unique_ptr<regions::Regions> regions_;
  std::unique_ptr<sources::Sources> sources_;
  std::vector<std::unique_ptr<vault::Vault>> vaults_;
  std::vector<std::unique_ptr<identity::Identities>> identities_;
  std::unique_ptr<events::Events> events_;
  std::unique_ptr<BusyEvents> busy_;
  std::unique_ptr<Importer> importer_;
  Watcher watcher_;
};

const auto kTotals =
    UnorderedElementsAre(Pair("orders GB linked", "1 GBP 20325000"), Pair("orders IE linked", "1 GBP 6550000"),
                         Pair("cancellations IE linked", "1 GBP -4000000"), Pair("orders  unlinked", "1 GBP 7500000"),
                         Pair("orders JE linked", "1 GBP 2550000"));

TEST_F(ImportTest, TotalsAreThoseOfTheFile) {
  Report report = run({.file = write_lines(kLines), .mapping = "online_retail"});
  EXPECT_TRUE(report.source_added);
  EXPECT_EQ(report.source, "online-retail");
  EXPECT_EQ(report.lines, 11);
  EXPECT_EQ(report.events, 5);
  EXPECT_EQ(report.stored, 4);
  EXPECT_EQ(report.unlinked, 1);
  EXPECT_EQ(report.rejected_lines, 3);
  EXPECT_THAT(totals(), kTotals);
  EXPECT_EQ(watcher_.last.bytes, watcher_.last.bytes_total);
  EXPECT_EQ(watcher_.last.events, 5);
}

TEST_F(ImportTest, RejectedLinesAreListedByNumberAndReasonOnly) {
  std::string file = write_lines(kLines);
  Report report = run({.file = file, .mapping = "online_retail"});
  EXPECT_EQ(report.report_file, file + ".rejected.csv");
  EXPECT_EQ(read(report.report_file),
            "line,reason\n9,stock_correction\n10,bad_debt_adjustment\n12,quantity_malformed\n");
  EXPECT_THAT(report.reasons, UnorderedElementsAre(Pair("stock_correction", 1), Pair("bad_debt_adjustment", 1),
                                                   Pair("quantity_malformed", 1)));
}

TEST_F(ImportTest, NoReportIsWrittenWithoutNeed) {
  std::string file = write_lines(kLines.substr(0, kLines.find("1002")));
  write("till.csv.rejected.csv", "line,reason\n2,quantity\n");
  EXPECT_EQ(run({.file = file, .mapping = "online_retail"}).report_file, "");
  EXPECT_FALSE(std::filesystem::exists(file + ".rejected.csv"));
  std::string asked = (folder_.path() / "asked.csv").string();
  EXPECT_EQ(run({.file = file, .mapping = "online_retail", .report = asked}).report_file, asked);
  EXPECT_EQ(read(asked), "line,reason\n");
}

TEST_F(ImportTest, AReportTakesThePlaceOfNothingElse) {
  const std::string file = write_lines(kLines);
  const std::string other = write("till.csv.rejected.csv", "name,price");
  const auto refused = importer_->run({.file = file, .mapping = "online_retail"}, watcher_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "report_exists");
  EXPECT_EQ(read(other), "name,price");
}

TEST_F(ImportTest, TheSameImportTwiceAddsNothing) {
  std::string file = write_lines(kLines);
  run({.file = file, .mapping = "online_retail"});
  clock_.advance(std::chrono::hours{1});
  Report again = run({.file = file, .mapping = "online_retail"});
  EXPECT_FALSE(again.source_added);
  EXPECT_EQ(again.stored + again.unlinked, 0);
  EXPECT_EQ(again.duplicates, 5);
  EXPECT_THAT(totals(), kTotals);
}

TEST_F(ImportTest, ALongerFileAddsWhatIsNew) {
  run({.file = write_lines(kLines.substr(0, kLines.find("C1003"))), .mapping = "online_retail"});
  Report again = run({.file = write_lines(kLines), .mapping = "online_retail"});
  EXPECT_EQ(again.duplicates, 2);
  EXPECT_EQ(again.stored + again.unlinked, 3);
  EXPECT_THAT(totals(), kTotals);
}

TEST_F(ImportTest, ARepairedDocumentIsTakenTheNextTime) {
  std::string lines(kLines);
  run({.file = write_lines(lines), .mapping = "online_retail"});
  lines.replace(lines.find(",one,"), 5, ",1,");
  Report again = run({.file = write_lines(lines), .mapping = "online_retail"});
  EXPECT_EQ(again.stored, 1);
  EXPECT_EQ(totals()["orders ZA linked"], "1 GBP 2550000");
}

TEST_F(ImportTest, ACustomerStaysInTheRegionOfTheFirstCountry) {
  run({.file = write_lines(kLines), .mapping = "online_retail"});
  auto count = [&](std::size_t cell) {
    std::map<std::string, std::int64_t> out;
    (void)regions_->all()[cell]->data().read([&](db::Transaction& tx) -> Result<void> {
      auto source = sources_->find("online-retail")->number.value;
      for (const auto& found : TRY(identities_[cell]->count_by_country(tx, source, identity::KeyKind::user_id))) {
        out[found.country] = found.identities;
      }
      return {};
    });
    return out;
  };
  EXPECT_THAT(count(0), UnorderedElementsAre(Pair("IE", 1))) << "eu";
  EXPECT_THAT(count(1), UnorderedElementsAre(Pair("GB", 1))) << "uk: 501 bought in Jersey too, and is one customer";
}

// One whose documents are whole soon.
std::string near_mapping(int window_lines) {
  return "name = \"near\"\ngroup = {by = [\"InvoiceNo\"], window_lines = " + std::to_string(window_lines) + R"(}
event = [{name = "Order Completed"}]
identity = [{column = "CustomerID", kind = "user_id"}]
time = {column = "InvoiceDate", format = "%Y-%m-%d %H:%M:%S", zone = "UTC"}
source = {id = "near", touchpoint = "shop", purposes = ["CustomerOrderManagement"]}
)";
}

// So many invoices that they make several batches.
std::string many_lines(int invoices) {
  std::string out;
  for (int i = 0; i < invoices; ++i) {
    out += std::to_string(2000 + i) + ",T1,TEAPOT BLUE,1,2011-07-01 09:00:00,0.001," + std::to_string(100 + i % 50) +
           ".0,Germany\r\n";
  }
  return out;
}

TEST_F(ImportTest, ABusyServerIsWaitedFor) {
  busy_->failures = 3;
  Report report = run({.file = write_lines(many_lines(1'200)), .mapping = "online_retail"});
  EXPECT_EQ(report.stored, 1'200);
  EXPECT_EQ(busy_->submissions, 6);
  EXPECT_EQ(totals()["orders DE linked"], "1200 GBP 1200000");
}

TEST_F(ImportTest, WhatWasInterruptedGoesOnWhereItWas) {
  Job job{.file = write_lines(many_lines(5'000)), .mapping = write("near.toml", near_mapping(100))};
  watcher_.cancel_after = 1;  // at the second look: some batches are sent
  Report cut = run(job);
  EXPECT_TRUE(cut.cancelled);
  EXPECT_EQ(cut.stored, 3'500);
  watcher_.cancel_after = -1;
  Report rest = run(job);
  EXPECT_FALSE(rest.cancelled);
  EXPECT_EQ(rest.resumed, 3'500);
  EXPECT_EQ(rest.stored, 1'500);
  EXPECT_EQ(rest.duplicates, 0);
  EXPECT_EQ(run(job).duplicates, 5'000) << "what ended is run in full";
}

TEST_F(ImportTest, AnErrorThatWaitingDoesNotMendEndsTheImport) {
  Job job{.file = write_lines(many_lines(1'200)), .mapping = "online_retail"};
  busy_->kind = ErrorKind::internal;
  busy_->failures = 1;
  auto failed = importer_->run(job, watcher_);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().kind, ErrorKind::internal);
  Report report = run(job);
  EXPECT_EQ(report.stored + report.duplicates, 1'200);
  EXPECT_EQ(totals()["orders DE linked"], "1200 GBP 1200000");
}

TEST_F(ImportTest, WithoutAPurposeThatAllowsItNothingIsStored) {
  auto added = sources_->add({.id = "ads",
                              .touchpoint = "shop",
                              .trust = sources::Trust::server,
                              .purposes = {{gate::Purpose::DirectMarketing, gate::Basis::consent}}});
  ASSERT_TRUE(added.has_value()) << added.error().detail;
  Report report = run({.file = write_lines(kLines), .mapping = "online_retail", .source = "ads"});
  EXPECT_EQ(report.stored, 0);
  EXPECT_EQ(report.refused + report.unlinked, 5);
}

TEST_F(ImportTest, WhatIsMissingIsNamed) {
  auto code = [&](const Job& job) {
    auto report = importer_->run(job, watcher_);
    return report ? "" : report.error().code;
  };
  std::string file = write_lines(kLines);
  EXPECT_EQ(code({.file = file + "x", .mapping = "online_retail"}), "file_not_found");
  EXPECT_EQ(code({.file = folder_.path().string(), .mapping = "online_retail"}), "file_not_found");
  EXPECT_EQ(code({.file = file, .mapping = "no_such"}), "mapping_not_found");
  EXPECT_EQ(code({.file = file, .mapping = "online_retail", .source = "no-such"}), "source_unknown");
  EXPECT_EQ(code({.file = write("empty.csv", ""), .mapping = "online_retail"}), "file_empty");
  EXPECT_EQ(code({.file = write("other.csv", "a,b\n1,2\n"), .mapping = "online_retail"}), "columns_missing");
  EXPECT_EQ(code({.file = file, .mapping = "online_retail", .report = "/no/such/folder/x.csv"}), "report_unwritable");
  EXPECT_TRUE(totals().empty());
}

TEST_F(ImportTest, LinesTooFarApartStopTheImportBeforeItBegins) {
  std::string mapping = write("near.toml", near_mapping(2));
  std::string lines = many_lines(4);
  auto report = importer_->run({.file = write_lines(lines + lines), .mapping = mapping}, watcher_);
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().code, "lines_apart");
  EXPECT_THAT(report.error().detail, HasSubstr("Line 6 "));
  EXPECT_TRUE(events_->totals("near").value().empty());
}

}  // namespace
}  // namespace handschlag::imports
