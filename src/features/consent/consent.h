// Consent: what people said about uses of their data, and what holds by it now.
//
// A statement is dated, for one purpose and channel, under one version of a notice, with its proof; statements are only
// ever added. What holds follows from all of them (standing.h says how): the newest said for an address wins by the
// time at which it was said, between addresses of one person the strictest does, and a no that came first stays a no
// for a grant that was said before it and arrives later.
//
//   StatementId id = TRY(consents.record(tx, statement));
//   Standing standing = TRY(consents.standing(tx, {identities, Purpose::DirectMarketing, Channel::email, &address,
//   now})); if (standing.fill(question); gate::rule(question, law).allowed()) ...
//
// Thread-safe. Writes join the caller's transaction on the region's data database.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "features/gate/gate.h"
#include "features/identity/identity.h"
#include "features/subjects/subjects.h"
#include "features/vault/vault.h"
#include "platform/base/clock.h"
#include "platform/db/db.h"

namespace handschlag::consent {

using gate::Channel;
using gate::Purpose;

struct StatementTag;
using StatementId = Id<StatementTag>;  // unique within its region

// What was said. Stored; never renumber.
enum class Act : std::int64_t {
  requested = 1,  // a yes that waits for its confirmation; counts for nothing
  given = 2,
  renewed = 3,  // said again while it held
  refused = 4,
  withdrawn = 5,
  objected = 6,  // GDPR Art. 21: to a use that needed no consent
};
// By which way. Stored; never renumber.
enum class Way : std::int64_t {
  form = 1,
  banner = 2,
  preference_centre = 3,
  mail_link = 4,  // in a message: a confirmation, or one click to be left alone
  phone = 5,
  in_person = 6,
  paper = 7,
  imported = 8,
  browser_signal = 9,  // Sec-GPC
  message = 10,        // a letter, a mail, a reply: "stop"
};

std::string_view name_of(Act act);
std::string_view name_of(Way way);
std::optional<Act> find_act(std::string_view name);
std::optional<Way> find_way(std::string_view name);
// The state as the Data Privacy Vocabulary names it: "ConsentGiven".
std::string_view dpv_term_of(Act act);
// By which kind of key a channel reaches people; nothing: by none that a yes must name.
std::optional<identity::KeyKind> address_kind(Channel channel);
bool is_yes(Act act);
bool is_no(Act act);

// The notice that was shown.
struct Notice {
  std::string id;  // empty: none of ours is known
  std::int64_t version = 0;
  std::string hash;  // of what was shown
};

// What proves a statement. Sealed.
struct Proof {
  std::string language;     // of what was shown
  std::string declaration;  // all that was shown and agreed to
  std::string evidence;     // how it can be shown to be true: which form, which recording, which letter
  std::string role;         // of who took it down; empty: the person themselves
  std::string way = {};     // of what was imported: by which way it was said there
};

struct Statement {
  StatementId id;
  IdentityId identity;
  Act act = Act::given;
  Purpose purpose = Purpose::DirectMarketing;
  Channel channel = Channel::none;       // none: the use itself; a no for `none` is a no for every channel
  std::optional<identity::Key> address;  // for which it was said; nothing: for the person
  Way way = Way::form;
  gate::Strength strength = gate::Strength::stated;
  bool explicit_consent = false;
  bool quiet_hours = false;  // also within them
  bool recipient_named = false;
  bool guardian = false;  // a guardian said it
  Time occurred_at{};     // when it was said; never after `received_at`
  Time received_at{};
  std::optional<Time> expires_at;
  Time keep_until{};    // as long the proof must be kept, whatever becomes of the person's other data
  StatementId follows;  // the request that it confirms
  Notice notice;
  Proof proof;
  bool readable = true;  // false: the key of its proof is destroyed; address and proof are empty
};

// What holds for one purpose and channel.
struct Standing {
  Purpose purpose = Purpose::DirectMarketing;
  Channel channel = Channel::none;
  gate::ConsentState state = gate::ConsentState::unknown;
  bool expired = false;     // it was given, and its time is over
  StatementId decided_by;   // the statement that decides; 0: none
  bool by_another = false;  // said for the same address by somebody who is not known to be the same person
  Act act = Act::requested;
  gate::Strength strength = gate::Strength::none;
  bool explicit_consent = false;
  bool quiet_hours = false;
  bool recipient_named = false;
  bool guardian = false;
  Time since{};  // when it was said
  std::optional<Time> expires_at;
  std::optional<Time> last_no;        // for a pause before asking again
  std::optional<Time> waiting_since;  // a yes that waits for its confirmation

  // Writes what holds into the question to the gate.
  void fill(gate::Question& question) const;
};

struct Asked {
  std::span<const IdentityId> identities;  // of the customer
  Purpose purpose = Purpose::DirectMarketing;
  Channel channel = Channel::none;
  const identity::Key* address = nullptr;  // where the message would go; nullptr: no message, or any address
  Time at{};
};

// Which statements are searched for; what is left out is any.
struct Wanted {
  std::optional<Act> act = {};
  std::optional<Purpose> purpose = {};
  std::optional<Channel> channel = {};
  std::optional<Way> way = {};
  std::string notice = {};
  std::int64_t version = 0;
  std::optional<Time> from = {};  // of `occurred_at`
  std::optional<Time> to = {};    // exclusive
};
struct Matching {
  std::vector<Statement> statements;  // the last recorded first, nothing of them opened
  StatementId through;                // all that were recorded since this one were looked at
  bool more = false;
};

std::span<const db::Migration> migrations();

// What this slice holds about identities. Of an erased one the proof of a yes stays as long as it must be kept, held
// and shown to nobody, and of a no for an address its digest, so that the address stays left alone.
std::unique_ptr<subjects::SubjectData> create_subject_data(const Clock& clock);
// Its digests of addresses, for the rotation of the digest key.
std::unique_ptr<identity::DigestHolder> create_digest_holder();

namespace store {
struct Row;
}

// The statements of one region.
class Consents final : private identity::Watcher {
 public:
  static constexpr std::size_t kMostStatements = 5'000;  // of one identity
  static constexpr std::size_t kMaxDeclaration = 16 * 1024;
  static constexpr std::size_t kMaxEvidence = 2 * 1024;

  // Both must outlive this, and `identities` must write nothing after it is gone.
  Consents(vault::Vault& vault, identity::Identities& identities) : vault_(vault), identities_(identities) {
    identities_.set_watcher(this);
  }
  Consents(const Consents&) = delete;

  // Adds a statement; its key for proofs is made first, durably. `occurred_at` is cut to `received_at`. A no for an
  // address that nobody is known by is one of identity 0: nothing but its keyed digest is kept. Errors: invalid
  // "statement_invalid" (a yes for a channel without an address of its kind; proof too long); too_many
  // "statements_too_many"; not_found "customer_unknown"; conflict "customer_moved". A no to IdentityLinking ends the
  // links that the person, by any of their identities, made by their leave before it (Identities::end_leave).
  Result<StatementId> record(db::Transaction& tx, Statement statement);

  // What holds. Never more than was said: whatever can't be read counts as nothing said, and never as a yes.
  Result<Standing> standing(db::Transaction& tx, const Asked& asked);
  // What holds for everything that was ever spoken of, and for what is asked for beside it, in the order of purposes
  // and channels.
  using Use = std::pair<Purpose, Channel>;
  Result<std::vector<Standing>> standings(db::Transaction& tx, std::span<const IdentityId> identities, Time at,
                                          std::span<const Use> beside = {});

  // For each identity the purposes to which its person said no as such, whatever the channel: also by another of their
  // identities that is linked with it for that purpose, or for an address that it is known by. Quick: for every event
  // that comes in.
  Result<std::vector<gate::PurposeSet>> refused(db::Transaction& tx, std::span<const IdentityId> identities);

  // What a person agreed to with more than a client's word, of these purposes: by what was said for any identity linked
  // with this one for that purpose, the strictest. For uses that the law allows on no less.
  struct Assent {
    gate::PurposeSet explicitly;   // naming the special categories of data
    gate::PurposeSet by_guardian;  // a guardian said it
  };
  Result<Assent> assent(db::Transaction& tx, IdentityId identity, gate::PurposeSet purposes, Time at);

  // All statements, newest first, proofs opened. Those of erased people are not among them.
  Result<std::vector<Statement>> history(db::Transaction& tx, std::span<const IdentityId> identities);
  // The same of one identity, without opening anything: no address, no proof.
  Result<std::vector<Statement>> outline(db::Transaction& tx, IdentityId identity);
  // Of everybody but the erased, recorded before `before` (0: all). Ends after `limit` that match, or after many that
  // don't: each call takes a bounded time. Likewise.
  Result<Matching> matching(db::Transaction& tx, const Wanted& wanted, StatementId before, std::size_t limit);
  // All that was said for one address, whoever it was of them all, likewise.
  Result<std::vector<Statement>> said_for(db::Transaction& tx, const identity::Key& address);
  // Errors of both: not_found "statement_unknown".
  Result<IdentityId> whose(db::Transaction& tx, StatementId id);
  Result<Statement> find(db::Transaction& tx, StatementId id);

  // Whether this very statement is there: of the same act, purpose and channel, said within that time, by the same
  // identity or, of somebody erased, for the same address; a no of nobody known by anyone for it. What was not imported
  // counts only at exactly the same moment.
  Result<bool> was_said(db::Transaction& tx, const Statement& said, Time from, Time to);

  // Whether somebody said no for this address: what other regions ask.
  Result<bool> said_no(db::Transaction& tx, const identity::Key& address, Purpose purpose, Channel channel);

  // Of erased people, at most `limit` after one of them: removes proofs that need not be kept any more, and where none
  // is left destroys their key. Answers with whom to go on; nobody: that was all.
  Result<IdentityId> release(db::Transaction& tx, Time now, IdentityId after, std::int64_t limit);

  // For moving people between regions. take_over() copies what is not there yet, in the order in which it was recorded;
  // answers how many statements `origin` has. Whoever changes the region holds first: nothing is recorded until the
  // transaction ends.
  Result<std::int64_t> take_over(db::Transaction& from_tx, Consents& from, IdentityId origin, db::Transaction& tx,
                                 IdentityId identity);
  static Result<void> hold(db::Transaction& tx);

 private:
  Result<void> insert(db::Transaction& tx, Statement statement, bool there);
  Result<void> changed(db::Transaction& tx, std::span<const Change> changes) override;
  // What people refuse as such, worked out anew for all who are linked with one of these.
  Result<void> work_out(db::Transaction& tx, const std::set<IdentityId>& identities);
  static Result<gate::PurposeSet> refused_by(db::Transaction& tx, IdentityId identity);
  Result<std::vector<Statement>> opened(std::vector<store::Row> rows, std::span<const IdentityId> identities);

  vault::Vault& vault_;
  identity::Identities& identities_;
};

}  // namespace handschlag::consent
