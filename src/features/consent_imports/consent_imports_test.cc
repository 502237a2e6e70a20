// Consents that are brought along, on real databases of two regions.
#include "features/consent_imports/consent_imports.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "features/consent_imports/lines.h"
#include "features/ledger/ledger.h"
#include "features/regions/testing/two_regions.h"
#include "features/subjects/subjects.h"
#include "platform/db/testing/testing.h"

namespace handschlag::consent_imports {
namespace {

using consent::Act;
using gate::ConsentState;
using gate::Purpose;
using gate::Strength;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kHead =
    "key_kind,key,act,purpose,channel,said_at,declaration,language,way,evidence,strength,expires_at\n";

class ConsentImportsTest : public db::testing::DatabaseTest {
 protected:
  struct Region {
    std::unique_ptr<vault::Vault> vault;
    std::unique_ptr<identity::Identities> identities;
    std::unique_ptr<consent::Consents> consents;
  };

  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(database().migrate(regions::testing::all_of({staff::migrations(), sources::migrations()})));
    staff_ = staff::Staff::create(database(), clock_);
    sources_ = *sources::Sources::open(database(), clock_);
    ASSERT_TRUE(sources_->add({.id = "crm",
                               .touchpoint = "crm",
                               .country = "DE",
                               .trust = sources::Trust::server,
                               .purposes = {{Purpose::DirectMarketing, gate::Basis::consent}}}));
    open_regions();
    Parts parts{{}, regions_.get(), {}, &law::shipped_law(), sources_.get(), staff_.get(), &clock_};
    for (const std::string& id : ids_) {
      Region& place = regions_parts_[id];
      parts.places.push_back({regions_->find(id), place.vault.get(), place.identities.get(), place.consents.get()});
    }
    parts.where = [](std::string_view region, IdentityId who) -> Result<customers::Customers::Whereabouts> {
      return customers::Customers::Whereabouts{std::string(region), who};
    };
    imports_ = ConsentImports::create(std::move(parts));
  }

  void open_regions() {
    regions_.open(GetParam(), test_database(),
                  {regions::testing::all_of({subjects::migrations(), identity::migrations(), consent::migrations()}),
                   regions::testing::all_of({vault::migrations()}), regions::testing::all_of({ledger::migrations()})});
    ids_ = regions_.ids();
    for (const std::string& id : ids_) {
      regions::Region& region = *regions_->find(id);
      Region& parts = regions_parts_[id];
      parts.vault = *vault::Vault::open(region.vault(), id, region.key());
      parts.identities = std::make_unique<identity::Identities>(*parts.vault, identity::Limits{});
      parts.consents = std::make_unique<consent::Consents>(*parts.vault, *parts.identities);
    }
  }

  void TearDown() override {
    imports_.reset();
    if (!regions_) return;
    regions_parts_.clear();
    regions_.close();
  }

  Report take(std::string text, Format format = Format::csv) {
    auto report =
        imports_->take({"crm", format, std::move(text)}, {"staff:1", "data_protection_officer", "importConsents", "t"});
    EXPECT_TRUE(report) << report.error().code << " " << report.error().detail;
    return report.value_or(Report{});
  }
  Report lines(const std::string& text) { return take(std::string(kHead) + text); }

  template <class Body>
  void write(Body body, std::size_t region = 0) {
    auto done = regions_->find(ids_[region])->writer().run([&](db::Transaction& tx) -> Result<void> {
      return body(tx, regions_parts_[ids_[region]]);
    });
    ASSERT_TRUE(done) << done.error().code << " " << done.error().detail;
  }

  static identity::Key mail(std::string address) { return {identity::KeyKind::email, "@self", std::move(address)}; }

  IdentityId somebody(const std::string& number, const std::string& address) {
    identity::Sighting seen;
    seen.own = {identity::KeyKind::user_id, sources_->find("crm")->id_space(), number};
    seen.attributes = {mail(address)};
    seen.purposes = {Purpose::DirectMarketing};
    seen.standing = identity::Standing::confirmed;
    seen.source = sources_->find("crm")->number.value;
    seen.origin = "crm";
    seen.country = "DE";
    seen.at = clock_.now();
    const identity::Sighting* one = &seen;
    IdentityId id;
    write([&](db::Transaction& tx, Region& parts) -> Result<void> {
      id = TRY(parts.identities->record(tx, {&one, 1})).front();
      return {};
    });
    return id;
  }

  IdentityId who(const std::string& address, std::size_t region = 0) {
    IdentityId out;
    write(
        [&](db::Transaction& tx, Region& parts) -> Result<void> {
          const identity::Key key = mail(address);
          const auto found = TRY(parts.identities->find(tx, {&key, 1}, gate::PurposeSet::all()));
          if (!found.empty()) out = found.front().id;
          return {};
        },
        region);
    return out;
  }

  std::vector<consent::Statement> history(IdentityId id, std::size_t region = 0) {
    std::vector<consent::Statement> out;
    write(
        [&](db::Transaction& tx, Region& parts) -> Result<void> {
          out = TRY(parts.consents->history(tx, {&id, 1}));
          return {};
        },
        region);
    return out;
  }

  consent::Standing standing(IdentityId id, const std::string& address) {
    consent::Standing out;
    write([&](db::Transaction& tx, Region& parts) -> Result<void> {
      const identity::Key key = mail(address);
      out = TRY(
          parts.consents->standing(tx, {{&id, 1}, Purpose::DirectMarketing, gate::Channel::email, &key, clock_.now()}));
      return {};
    });
    return out;
  }

  void say(IdentityId id, Act act, std::string address, std::string_view at) {
    write([&](db::Transaction& tx, Region& parts) -> Result<void> {
      consent::Statement said;
      said.identity = id;
      said.act = act;
      said.channel = gate::Channel::email;
      said.address = mail(std::move(address));
      said.occurred_at = *parse_time(at);
      said.received_at = clock_.now();
      TRY(parts.consents->record(tx, said));
      return {};
    });
  }

  ManualClock clock_{*parse_time("2026-11-23T10:00:00Z")};
  std::vector<std::string> ids_;
  std::unique_ptr<staff::Staff> staff_;
  std::unique_ptr<sources::Sources> sources_;
  regions::testing::TwoRegions regions_;
  std::map<std::string, Region> regions_parts_;
  std::unique_ptr<ConsentImports> imports_;
};

INSTANTIATE_TEST_SUITE_P(Backends, ConsentImportsTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

constexpr std::string_view kYes =
    ",given,DirectMarketing,email,2025-03-01T08:00:00Z,\"Ja, Angebote.\",de,form,Formular 12,";

TEST_P(ConsentImportsTest, AProvenYesMakesSomebodyKnownAndIsKeptWithItsProof) {
  const Report report = lines(fmt::format("email,Anna@example.org{}confirmed,2028-01-01\n", kYes));
  ASSERT_THAT(report.lines, SizeIs(1));
  EXPECT_EQ(report.lines[0].outcome, Outcome::taken) << report.lines[0].field << " " << report.lines[0].reason;
  EXPECT_TRUE(report.lines[0].made);
  EXPECT_EQ(report.lines[0].line, 2);
  const IdentityId anna = who("anna@example.org");
  ASSERT_TRUE(anna);
  const auto said = history(anna);
  ASSERT_THAT(said, SizeIs(1));
  EXPECT_EQ(said[0].way, consent::Way::imported);
  EXPECT_EQ(said[0].proof.way, "form");
  EXPECT_EQ(said[0].proof.declaration, "Ja, Angebote.");
  EXPECT_EQ(said[0].proof.evidence, "Formular 12");
  EXPECT_EQ(said[0].strength, Strength::confirmed);
  EXPECT_EQ(said[0].occurred_at, *parse_time("2025-03-01T08:00:00Z"));
  EXPECT_EQ(said[0].expires_at, *parse_time("2028-01-01T23:59:59.999Z"));
  EXPECT_EQ(standing(anna, "anna@example.org").state, ConsentState::given);
}

TEST_P(ConsentImportsTest, TheSameFileAgainAddsNothing) {
  somebody("42", "berta@example.org");
  const std::string file = fmt::format(
      "email,anna@example.org{}stated,\nuser_id,42,withdrawn,DirectMarketing,email,2025-04-01,,,,,,\n"
      "email,carl@example.org,refused,DirectMarketing,email,,,,,,,\nemail,dora@example.org,objected,DirectMarketing,"
      "email,2026-11-23,,,,,,\n",
      kYes);
  const Report first = lines(file);
  EXPECT_EQ(first.taken, 4);
  clock_.advance(std::chrono::days{2});
  const Report again = lines(file);
  EXPECT_EQ(again.taken, 0);
  EXPECT_EQ(again.there_already, 4);
  EXPECT_EQ(again.made, 0);
  EXPECT_THAT(history(who("anna@example.org")), SizeIs(1));
}

TEST_P(ConsentImportsTest, AYesWithoutProofNeverGainsStrength) {
  const IdentityId berta = somebody("42", "berta@example.org");
  const Report report = lines(
      "email,berta@example.org,given,DirectMarketing,email,2025-03-01,Ja,de,form,,confirmed,\n"
      "email,berta@example.org,given,DirectMarketing,email,2025-03-02,,de,form,Formular,stated,\n"
      "email,stranger@example.org,given,DirectMarketing,email,2025-03-02,,de,form,Formular,confirmed,\n"
      "email,berta@example.org,given,DirectMarketing,email,,Ja,de,form,Formular,confirmed,\n");
  EXPECT_EQ(report.lines[0].strength, Strength::claimed);
  EXPECT_TRUE(report.lines[0].proof_gaps);
  EXPECT_EQ(report.lines[1].strength, Strength::claimed);
  EXPECT_EQ(report.lines[2].field, "evidence");
  EXPECT_EQ(report.lines[3].field, "said_at");
  EXPECT_EQ(report.proof_gaps, 2);
  EXPECT_FALSE(who("stranger@example.org"));
  EXPECT_EQ(standing(berta, "berta@example.org").strength, Strength::claimed);
  gate::Question question;
  question.use = gate::Use::contact;
  question.purpose = Purpose::DirectMarketing;
  question.channel = gate::Channel::email;
  question.country = "DE";
  question.local_minute = 12 * 60;
  question.tells_objection = true;
  question.at = clock_.now();
  standing(berta, "berta@example.org").fill(question);
  EXPECT_FALSE(gate::rule(question, *law::shipped_law().current()).allowed());
}

TEST_P(ConsentImportsTest, ALaterNoOfHereBeatsAnOlderYesThatIsBrought) {
  const IdentityId berta = somebody("42", "berta@example.org");
  say(berta, Act::withdrawn, "berta@example.org", "2026-01-01T00:00:00Z");
  EXPECT_EQ(lines(fmt::format("email,berta@example.org{}confirmed,\n", kYes)).taken, 1);
  EXPECT_EQ(standing(berta, "berta@example.org").state, ConsentState::refused);
}

TEST_P(ConsentImportsTest, ANoOfNobodyKnownIsKeptAsADigestAndHoldsForWhoComes) {
  const Report report = lines("email,carl@example.org,refused,DirectMarketing,email,2025-01-01,,,,,,\n");
  EXPECT_EQ(report.lines[0].outcome, Outcome::taken);
  EXPECT_THAT(report.lines[0].statement, IsEmpty());
  EXPECT_FALSE(who("carl@example.org"));
  const IdentityId carl = somebody("7", "carl@example.org");
  EXPECT_EQ(standing(carl, "carl@example.org").state, ConsentState::refused);
  EXPECT_EQ(lines("user_id,99,refused,DirectMarketing,email,2025-01-01,,,,,,\n").lines[0].field, "address");
}

TEST_P(ConsentImportsTest, WhoWasErasedDoesNotComeBack) {
  lines(fmt::format("email,anna@example.org{}confirmed,\n", kYes));
  const IdentityId anna = who("anna@example.org");
  write([&](db::Transaction& tx, Region& parts) -> Result<void> {
    TRY(parts.vault->destroy(anna, vault::RetentionClass::ordinary));
    for (const auto& data : {consent::create_subject_data(clock_), identity::create_subject_data()}) {
      TRY(data->hide(tx, anna, subjects::Removal::erased));
      TRY(data->erase(tx, anna, clock_.now(), 100, subjects::Removal::erased));
    }
    return {};
  });
  EXPECT_EQ(lines(fmt::format("email,anna@example.org{}confirmed,\n", kYes)).there_already, 1);
  const Report report =
      lines("email,anna@example.org,given,DirectMarketing,email,2026-03-01,Ja,de,form,Formular,confirmed,\n");
  EXPECT_EQ(report.lines[0].outcome, Outcome::refused);
  EXPECT_EQ(report.lines[0].field, "key");
  EXPECT_FALSE(who("anna@example.org"));
}

TEST_P(ConsentImportsTest, PeopleAreMadeInTheRegionOfTheirCountry) {
  EXPECT_EQ(take("{\"key_kind\":\"email\",\"key\":\"us@example.org\",\"act\":\"given\",\"purpose\":\"DirectMarketing\","
                 "\"channel\":\"email\",\"said_at\":\"2025-01-01\",\"declaration\":\"Yes\",\"evidence\":\"form\","
                 "\"country\":\"US\"}\n\n{\"key\":1}\n",
                 Format::json_lines)
                .taken,
            1);
  EXPECT_FALSE(who("us@example.org", 0));
  EXPECT_TRUE(who("us@example.org", 1));
}

TEST_P(ConsentImportsTest, AFileOfManyIsTakenInPartsAndItsErrorsNameLineAndField) {
  std::string file(kHead);
  for (int i = 0; i < 120; ++i) file += fmt::format("email,p{}@example.org{}stated,\n", i, kYes);
  file += "email,broken,given,DirectMarketing,email,2025-01-01,Ja,de,form,x,stated,\n";
  file += "user_id,1,given,DirectMarketing,email,2025-01-01,Ja,de,form,x,stated,\n";
  file += "email,a@example.org,given,DirectMarketing,email,2027-01-01,Ja,de,form,x,stated,\n";
  const Report report = take(file);
  EXPECT_EQ(report.taken, 120);
  EXPECT_EQ(report.made, 120);
  ASSERT_EQ(report.refused, 3);
  EXPECT_EQ(report.lines[120].line, 122);
  EXPECT_EQ(report.lines[120].field, "key");
  EXPECT_EQ(report.lines[121].field, "address") << "a yes for a channel is one for an address";
  EXPECT_EQ(report.lines[122].field, "said_at");
  EXPECT_THAT(report.lines[122].reason, HasSubstr("future"));
  EXPECT_FALSE(imports_->take({"nobody", Format::csv, file}, {}));
}

TEST_P(ConsentImportsTest, ADryRunTellsWhatWouldBecomeOfEachLineAndChangesNothing) {
  somebody("42", "berta@example.org");
  const std::string file = fmt::format(
      "{}email,anna@example.org{}stated,\nemail,anna@example.org{}stated,\n"
      "user_id,42,withdrawn,DirectMarketing,email,2025-04-01,,,,,,\nemail,carl@example.org,given,DirectMarketing,email,"
      "2025-04-01,,,,,,\nemail,dora@example.org,refused,DirectMarketing,email,2025-04-01,,,,,,\n",
      kHead, kYes, kYes);
  const auto ask = [&](bool dry) {
    auto report = imports_->take({"crm", Format::csv, file, dry}, {"staff:1", "admin", "importConsents", "t"});
    EXPECT_TRUE(report);
    return report.value_or(Report{});
  };
  const Report dry = ask(true);
  EXPECT_EQ(dry.taken, 3);
  EXPECT_EQ(dry.there_already, 1) << "it stands twice in the file";
  EXPECT_EQ(dry.made, 1);
  EXPECT_EQ(dry.lines[3].field, "evidence");
  EXPECT_FALSE(who("anna@example.org"));
  const Report wet = ask(false);
  for (std::size_t i = 0; i < wet.lines.size(); ++i) {
    EXPECT_EQ(dry.lines[i].outcome, wet.lines[i].outcome) << i;
    EXPECT_EQ(dry.lines[i].reason, wet.lines[i].reason) << i;
    EXPECT_EQ(dry.lines[i].made, wet.lines[i].made) << i;
    EXPECT_EQ(dry.lines[i].statement, "");
  }
  EXPECT_TRUE(who("anna@example.org"));
  EXPECT_EQ(ask(true).there_already, 4);
}

// Stops after so many reports.
class Told final : public imports::Progress {
 public:
  explicit Told(int most = 1'000) : most_(most) {}
  void report(const imports::Step& step) override {
    ++times_;
    last_ = step;
  }
  bool cancelled() override { return times_ >= most_; }
  const imports::Step& last() const { return last_; }

 private:
  const int most_;
  int times_ = 0;
  imports::Step last_;
};

class ConsentFilesTest : public ConsentImportsTest {
 protected:
  const By kBy = {"cli", "operator", "import consents", ""};

  void SetUp() override {
    ConsentImportsTest::SetUp();
    if (IsSkipped()) return;
    folder_ = std::filesystem::temp_directory_path() / fmt::format("consents-{}", crypto::random_token());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override {
    std::filesystem::remove_all(folder_);
    ConsentImportsTest::TearDown();
  }

  std::string file_of(std::string_view text) {
    std::ofstream(folder_ / "file", std::ios::binary) << text;
    return folder_ / "file";
  }
  std::string rejected() {
    std::ifstream in(folder_ / "file.rejected.csv", std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::filesystem::path folder_;
};

INSTANTIATE_TEST_SUITE_P(Backends, ConsentFilesTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(ConsentFilesTest, AFileThatIsCutShortIsTakenToItsEndByRunningItAgain) {
  std::string text(kHead);
  for (int i = 0; i < 120; ++i) text += fmt::format("email,p{}@example.org{}stated,\n", i, kYes);
  text += "email,broken,given,DirectMarketing,email,2025-01-01,\"Ja,\nwohl\",de,form,x,stated,\n";
  text += "email,q@example.org,perhaps,DirectMarketing,email,2025-01-01,Ja,de,form,x,stated,\n";
  const Job job{file_of(text), "crm"};
  Told once(1);
  const auto first = imports_->take_file(job, kBy, once);
  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_TRUE(first->cancelled);
  EXPECT_EQ(first->taken, 50);
  Told whole;
  const auto second = imports_->take_file(job, kBy, whole);
  ASSERT_TRUE(second) << second.error().detail;
  EXPECT_FALSE(second->cancelled);
  EXPECT_EQ(second->lines, 122);
  EXPECT_EQ(second->there_already, 50);
  EXPECT_EQ(second->taken, 70);
  EXPECT_EQ(second->refused, 2);
  EXPECT_EQ(second->reasons, (std::map<std::string, std::int64_t>{{"act", 1}, {"key", 1}}));
  EXPECT_EQ(whole.last().bytes, static_cast<std::int64_t>(text.size()));
  EXPECT_EQ(whole.last().bytes_total, static_cast<std::int64_t>(text.size()));
  EXPECT_EQ(rejected(),
            "line,reason\n122,\"key: is no usable value of its kind\"\n"
            "124,\"act: must be given, renewed, refused, withdrawn or objected\"\n");
}

TEST_P(ConsentFilesTest, AFirstLineThatIsAnObjectMeansJsonLines) {
  const std::string good =
      R"({"key_kind":"email","key":"a@example.org","act":"refused","purpose":"DirectMarketing","channel":"email"})";
  const Job job{
      file_of("\xEF\xBB\xBF\n" + good + "\r\n{\"col\\\"our\": 1}\n" + std::string(2'000'000, ' ') + "\n" + good),
      "crm"};
  Told told;
  const auto report = imports_->take_file(job, kBy, told);
  ASSERT_TRUE(report) << report.error().detail;
  EXPECT_EQ(report->taken, 1);
  EXPECT_EQ(report->there_already, 1);
  EXPECT_EQ(rejected(),
            "line,reason\n3,\"line: is no field of a statement\"\n4,\"line: must have at most 1048576 bytes\"\n");
}

TEST_P(ConsentFilesTest, WhatIsWrongWithTheWholeIsToldBeforeAnythingIsTaken) {
  Told told;
  const auto code = [&](const Job& job) { return imports_->take_file(job, kBy, told).error().code; };
  EXPECT_EQ(code({folder_ / "missing", "crm"}), "file_not_found");
  const std::string file = file_of("key_kind,key,colour\n");
  EXPECT_EQ(code({file, "nobody"}), "source_unknown");
  EXPECT_EQ(code({file, "crm"}), "fields_invalid");
  EXPECT_EQ(code({file, "crm", file}), "report_is_input");
  EXPECT_EQ(code({file, "crm", folder_ / "no" / "folder"}), "report_unwritable");
}

TEST(ConsentLinesTest, TextThatIsNotUtf8IsRefusedByItsLine) {
  const auto lines = read_lines(Format::csv,
                                "key_kind,key,act,purpose,channel,evidence\n"
                                "email,a@b.de,refused,DirectMarketing,email,B\xFC"
                                "ro\n",
                                *parse_time("2026-11-23T10:00:00Z"));
  ASSERT_TRUE(lines);
  EXPECT_EQ(lines->front().field, "evidence");
  EXPECT_EQ(lines->front().reason, "must be in UTF-8");
}

TEST(ConsentLinesTest, HeadersThatAreNotUnderstoodAreNotTaken) {
  const Time now = *parse_time("2026-11-23T10:00:00Z");
  for (const char* text : {"", "key_kind,key\n", "key_kind,key,act,purpose,channel,colour\n",
                           "key_kind,key,act,purpose,channel,key\n", "key_kind,key,act,purpose,channel\n"}) {
    EXPECT_FALSE(read_lines(Format::csv, text, now)) << text;
  }
  EXPECT_TRUE(
      read_lines(Format::csv, "key_kind;key;act;purpose;channel\nemail;a@b.de;refused;DirectMarketing;email\n", now));
  std::string many = "key_kind,key,act,purpose,channel\n";
  for (std::size_t i = 0; i <= kMostLines; ++i) many += "email,a@b.de,refused,DirectMarketing,email\n";
  EXPECT_EQ(read_lines(Format::csv, many, now).error().code, "too_many_lines");
}

}  // namespace
}  // namespace handschlag::consent_imports
