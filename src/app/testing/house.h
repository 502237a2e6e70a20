// The real thing for the model to be held against: every slice that knows people, over two regions of real databases.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/testing/model.h"
#include "features/consent/consent.h"
#include "features/customers/customers.h"
#include "features/feed/feed.h"
#include "features/ledger/ledger.h"
#include "features/moves/moves.h"
#include "features/subjects/subjects.h"
#include "platform/db/testing/testing.h"

namespace handschlag::model {

class House {
 public:
  // Throws where a database does not open.
  explicit House(db::testing::Backend backend);
  // Another node on the databases of `first`, which must be PostgreSQL's and outlive this.
  explicit House(House& first);
  ~House();
  House(const House&) = delete;
  House& operator=(const House&) = delete;

  // Closes everything and opens it again, as a restart does.
  void reopen();

  Result<Counts> ingest(const std::vector<Sent>& batch);
  std::optional<std::string> link(Who a, Who b, PurposeSet purposes);
  std::optional<std::string> unlink(Who a, Who b);
  Result<void> change_leave(Who who, PurposeSet purposes, customers::Customers::Leave leave);
  Result<void> erase(Who who);
  // To another region, all at once or in two steps; answers as whom they are known there.
  Result<Who> move(Who who, std::size_t region);
  Result<Id<moves::Move>> begin_move(Who who, std::size_t region);
  Result<Who> finish_move(Id<moves::Move> id);
  // Is called between the steps of a move; an error ends it there, as if the program were killed.
  void set_at_step(std::function<Result<void>(std::string_view)> at_step) { at_step_ = std::move(at_step); }
  // The handles of all who are found by a user's id of the shop.
  Result<std::vector<std::string>> find(int user);
  Result<std::size_t> uses(Who who);
  // The messages that the feed of a region tells after a position, which it takes along.
  Result<std::vector<std::string>> told(std::size_t region, std::int64_t& after);
  Result<void> forget_refused();
  // Rotates the digest key of a region: begins it, takes at most so many steps; the next call goes on where one runs.
  Result<void> rotate_digest_key(std::size_t region, std::size_t steps);
  // Nothing where the look is denied or nobody is there.
  Result<std::optional<View>> view(Who who, gate::Purpose purpose);
  Result<Rows> rows(std::size_t region);
  Result<std::map<std::string, std::pair<std::int64_t, std::int64_t>>> totals();

  ManualClock& clock() { return clock_; }

 private:
  struct Place {
    std::unique_ptr<vault::Vault> vault;
    std::unique_ptr<identity::Identities> identities;
    std::unique_ptr<ledger::Ledger> ledger;
    std::unique_ptr<consent::Consents> consents;
    std::unique_ptr<identity::DigestRotation> digests;
  };
  void open();
  void close();
  void drop_schemas();
  std::string region_id(std::size_t place) const { return prefix_ + std::string(kRegions[place]); }
  std::string handle(Who who) const;
  std::int64_t number_of(std::string_view handle) const;
  events::Intake intake(const Sent& sent) const;
  Result<std::multiset<std::string>> messages(const customers::Viewer& viewer, const std::string& handle);

  db::testing::TemporaryFolder folder_;
  std::string prefix_;  // of the regions' ids: their schemas lie in a PostgreSQL that others use too
  regions::Settings settings_;
  ManualClock clock_;
  metrics::Registry metrics_;
  std::unique_ptr<db::testing::TestDatabase> own_control_;  // of the first node
  std::unique_ptr<db::Database> further_control_;           // of a further one
  db::Database* control_ = nullptr;
  std::unique_ptr<regions::Regions> regions_;
  std::unique_ptr<staff::Staff> staff_;
  std::unique_ptr<sources::Sources> sources_;
  std::unique_ptr<identity::DigestHolder> words_;
  std::unique_ptr<identity::DigestHolder> addresses_;
  std::vector<Place> places_;
  std::unique_ptr<events::Projection> names_;
  std::unique_ptr<events::Events> events_;
  std::unique_ptr<customers::Customers> customers_;
  std::unique_ptr<feed::Feed> feed_;
  std::vector<std::unique_ptr<subjects::SubjectData>> subject_data_;
  std::unique_ptr<subjects::Subjects> subjects_;
  std::function<Result<void>(std::string_view)> at_step_;
  std::unique_ptr<moves::Moves> moves_;
};

}  // namespace handschlag::model
