// What one who looks may see of people: all of them, or, of those who are limited to a unit, what the sources of that
// unit brought and nothing else.
//
// To them a customer is as if no other source had ever sent anything: identities of which none of their sources told
// are not there, nor what these alone would join; of the others they see the keys, traits, counters and events that
// came from their sources. Links between two whom they see hold, whoever stated them; staff speaks for the company.
//
// And of all of them, what a source of special kinds of data told is there only while the consent holds that it needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "features/customers/customers.h"
#include "features/customers/look.h"
#include "features/customers/profiles.h"

namespace handschlag::customers {

// Test sources make their identities in namespaces of their own, so all of a customer's are of one mode.
sources::Mode mode_of(const sources::Sources& sources, const identity::Identity& identity);

// Of one look. Not thread-safe.
class Sight {
 public:
  // Everything must outlive this.
  Sight(const Viewer& viewer, events::Events& events, const sources::Sources& sources, Profiles& profiles,
        const Look& look);

  bool limited() const { return limited_; }
  bool sees_source(std::int64_t source) const { return !limited_ || visible_.contains(source); }
  // Whether this identity is there for whoever looks.
  Result<bool> sees(db::Transaction& tx, std::size_t place, IdentityId identity);

  // The customer to which an identity belongs. Errors: not_found, of somebody unseen too.
  Result<identity::Customer> customer(db::Transaction& tx, std::size_t place, IdentityId identity,
                                      gate::PurposeSet purposes);
  // What is known of a customer.
  Result<Sums> sums(db::Transaction& tx, std::size_t place, const identity::Customer& customer);
  // The next events that may be shown. Narrows the query by what may not.
  Result<std::vector<events::Event>> timeline(db::Transaction& tx, std::size_t place, events::TimelineQuery& query);
  // Why something was left out of what was asked so far.
  const std::vector<Withheld>& withheld() const { return withheld_; }
  // The sources whose events to show, of a customer of this sight; empty: of all.
  std::vector<std::int64_t> sources_of(std::size_t place, const identity::Customer& customer) const;

  // Saves the profiles that have grown.
  void save();

 private:
  struct Folded {
    Profile profile;
    std::int64_t saved_through = 0;
  };
  // For which of these purposes what a source told of somebody may be shown, and why not for the others.
  Result<gate::PurposeSet> holding(db::Transaction& tx, std::size_t place, const identity::Reached& who,
                                   std::int64_t source, gate::PurposeSet purposes, std::vector<Withheld>* why);
  // Whether what was stored for these may be shown at all; if not, notes why.
  Result<bool> shows(db::Transaction& tx, std::size_t place, const identity::Reached& who, std::int64_t source,
                     gate::PurposeSet stored);
  Result<const Profile*> fold(db::Transaction& tx, std::size_t place, IdentityId identity);
  // Takes away what other sources brought.
  void trim(const Profile& profile, identity::Identity& identity) const;
  // Whether one of these sources told of a key; then it is as they told it.
  bool keep(identity::HeldKey& key, const identity::Identity& owner, const Sums& known) const;

  events::Events& events_;
  const sources::Sources& sources_;
  Profiles& profiles_;
  const Viewer& viewer_;
  const Look& look_;
  bool limited_ = false;
  std::set<std::int64_t> visible_;                                 // numbers of sources
  SourceFilter counts_;                                            // by these; empty: all
  std::map<std::pair<std::size_t, std::int64_t>, Folded> folded_;  // by place and identity
  std::map<std::size_t, events::OnRecord> records_;                // by place
  std::map<std::tuple<std::size_t, std::int64_t, std::int64_t, gate::Purpose>, gate::Ruling> rulings_;
  std::vector<Withheld> withheld_;
  std::map<std::size_t, std::int64_t> removals_;  // by place, as they were before anything was folded
};

}  // namespace handschlag::customers
