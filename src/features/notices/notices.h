// What people are told before they agree: the purposes that this installation really uses, and the notices under which
// consents are given, by version and language; and the assessments without which no use rests on a legitimate interest.
//
// Thread-safe. Kept in the control database and, as a whole, in memory; other nodes follow within a second.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "features/gate/gate.h"
#include "features/law/law.h"
#include "features/staff/staff.h"
#include "platform/base/clock.h"
#include "platform/db/db.h"
#include "platform/http/router.h"

namespace handschlag::notices {

// A text in the two languages of the company.
struct Both {
  std::string german;
  std::string english;
  friend bool operator==(const Both&, const Both&) = default;
};

// Who gets data for a purpose.
struct Recipient {
  enum class Role : std::uint8_t { processor, controller, joint_controller };
  std::string name;
  std::string country;  // ISO 3166 alpha-2
  Role role = Role::processor;
  std::string safeguards;  // what protects the data in that country: "standard clauses 2021/914"; may be empty
  friend bool operator==(const Recipient&, const Recipient&) = default;
};

// From when on a retention runs.
enum class Since : std::uint8_t { collected, last_use, contract_end, case_closed, consent_end };

// What this installation says of a purpose that it uses.
struct Entry {
  gate::Purpose purpose = gate::Purpose::CustomerOrderManagement;
  std::vector<std::string> categories;  // of data: "address", "orders"
  std::vector<Recipient> recipients;
  law::Term retention;
  Since since = Since::collected;
  Both benefit;      // what the customer gets for it; both may be empty
  Both description;  // what is done
  Time recorded_at{};
  std::string recorded_by;  // principal
};
using EntryPointer = std::shared_ptr<const Entry>;

// Published, a version never changes; retired, nobody can agree under it any more, and what was agreed stands.
enum class Status : std::uint8_t { draft, published, retired };

// A notice in one language, as it is shown. `text` is plain text with empty lines between paragraphs, "- " before items
// and **bold**.
struct Text {
  std::string language;  // "de", "en", "pt-BR"
  std::string title;
  std::string text;
  std::string declaration;  // what one agrees to: "Yes, I would like to receive the newsletter."
  std::string withdrawal;   // how to take it back
  friend bool operator==(const Text&, const Text&) = default;

  // All that was shown, in one text: for the proof of what was said.
  std::string whole() const;
};

struct NoticeVersion {
  std::string id;  // "newsletter"
  std::int64_t version = 1;
  std::string hash;  // SHA-256, in hex, of everything that is agreed to
  Status status = Status::draft;
  gate::PurposeSet purposes;
  std::vector<law::Channel> channels;  // in order; {none}: it is about uses that are no message
  bool explicit_consent = false;       // it asks for exactly these special categories
  bool names_recipients = false;       // it names who gets the data
  bool quiet_hours = false;            // it also asks for the hours in which the law wants rest
  law::Term validity;                  // of a consent given under it; count 0: as the law says
  std::vector<Text> texts;             // by language

  Time drafted_at{};
  std::string drafted_by;
  std::optional<Time> published_at;
  std::string published_by;
  std::optional<Time> retired_at;
  std::string retired_by;

  bool covers(gate::Purpose purpose, law::Channel channel) const;
  // In that language, else the same without its region, else English, else the first. A draft may have none: nullptr.
  const Text* text_in(std::string_view language) const;
};
using NoticePointer = std::shared_ptr<const NoticeVersion>;

// Somebody weighed what the company wants with a purpose against the interests of the people (GDPR Art. 6(1)(f)). Only
// added: what was wrong is revoked.
struct Assessment {
  std::int64_t number = 0;
  gate::Purpose purpose = gate::Purpose::FraudPreventionAndDetection;
  std::string interest;     // what the company wants, and why that is legitimate
  std::string necessity;    // why nothing milder does
  std::string balancing;    // why the interests of the people do not weigh more, and what protects them
  std::string assessed_by;  // who weighed it: "Dr. Recht, data protection officer"
  law::Day decided{};
  law::Day expires{};  // the last day on which it holds; at most three years after `decided`
  Time recorded_at{};
  std::string recorded_by;  // principal
  std::optional<Time> revoked_at;
  std::string revoked_by;
  std::string revoked_for;  // why

  bool holds(Time at) const;
};
using AssessmentPointer = std::shared_ptr<const Assessment>;

std::span<const db::Migration> migrations();

// Called in the transaction of a change with what is there now (nullptr: nothing); its error is the change's.
template <class T>
using Check = std::function<Result<void>(const T* before)>;

class Notices : public gate::Interests {
 public:
  // `control`, `staff` and `clock` must outlive this. Errors: internal "notice_damaged"; unavailable.
  static Result<std::unique_ptr<Notices>> open(db::Database& control, staff::Staff& staff, const Clock& clock);

  // From memory. A version that is or was published; not_found "notice_unknown", also for a draft.
  virtual Result<NoticePointer> find(std::string_view id, std::int64_t version) const = 0;
  // The newest that one can agree under; not_found.
  virtual Result<NoticePointer> published(std::string_view id) const = 0;
  // Of every notice the newest that one can agree under, by id.
  virtual std::vector<NoticePointer> in_force() const = 0;
  // Every version of every notice, drafts too, by id and version.
  virtual std::vector<NoticePointer> all() const = 0;
  // nullptr where there is none.
  virtual EntryPointer entry(gate::Purpose purpose) const = 0;
  virtual std::vector<EntryPointer> entries() const = 0;  // in the order of the purposes

  // For which purposes an assessment holds: from the day it was decided, and not before it was recorded.
  gate::PurposeSet weighed(Time at) const override = 0;
  virtual std::vector<AssessmentPointer> assessments() const = 0;  // newest first

  // Each change is in the audit, in the same transaction.
  // Errors: invalid "fields_invalid".
  virtual Result<EntryPointer> put(const staff::Actor& actor, Entry entry, const Check<Entry>& check = {}) = 0;
  // Errors: not_found "purpose_entry_unknown".
  virtual Result<void> remove(const staff::Actor& actor, gate::Purpose purpose, const Check<Entry>& check = {}) = 0;

  // Makes the draft of the notice's next version, or changes it; there is one at most. Version, status and hash of
  // `content` are not looked at. Errors: invalid "fields_invalid"; conflict "notices_full".
  virtual Result<NoticePointer> draft(const staff::Actor& actor, NoticeVersion content,
                                      const Check<NoticeVersion>& check = {}) = 0;
  virtual Result<void> discard(const staff::Actor& actor, std::string_view id,
                               const Check<NoticeVersion>& check = {}) = 0;  // not_found
  // `hash` is that of the draft as whoever publishes it saw it. Errors: not_found; conflict "notice_changed" (another
  // hash), "notice_not_a_draft"; invalid "notice_incomplete", each missing field named.
  virtual Result<NoticePointer> publish(const staff::Actor& actor, std::string_view id, std::int64_t version,
                                        std::string_view hash) = 0;
  // Errors: not_found; conflict "notice_not_published".
  virtual Result<NoticePointer> retire(const staff::Actor& actor, std::string_view id, std::int64_t version) = 0;

  // Adds an assessment; several of one purpose may hold at once. Errors: invalid "fields_invalid", each wrong field
  // named; conflict "assessments_full".
  virtual Result<AssessmentPointer> assess(const staff::Actor& actor, Assessment assessment) = 0;
  // From now on it holds no more. Errors: not_found "assessment_unknown"; conflict "assessment_revoked".
  virtual Result<AssessmentPointer> revoke(const staff::Actor& actor, std::int64_t number, std::string reason) = 0;
};

void bind_routes(http::Router& router, Notices& notices, const Clock& clock);

std::string_view name_of(Status status);
std::string_view name_of(Recipient::Role role);
std::string_view name_of(Since since);

}  // namespace handschlag::notices
