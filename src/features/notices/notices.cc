#include "features/notices/notices.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "features/notices/codec.h"
#include "features/notices/store.h"
#include "platform/base/label.h"
#include "platform/log/log.h"

namespace handschlag::notices {
namespace {

constexpr std::chrono::seconds kRefreshEvery{1};
constexpr std::size_t kMaxVersions = 1'000;  // of all notices together: what is kept in memory has an end
constexpr std::size_t kMaxIdBytes = 64;
constexpr std::size_t kMaxAssessments = 1'000;
constexpr std::size_t kMaxReasonBytes = 1'000;

// Everything as it was at one revision; never changed once it is shared.
struct Shelf {
  std::int64_t revision = 0;
  std::vector<EntryPointer> entries;
  std::vector<NoticePointer> notices;          // by id and version
  std::vector<AssessmentPointer> assessments;  // by number

  EntryPointer entry(gate::Purpose purpose) const {
    for (const EntryPointer& each : entries) {
      if (each->purpose == purpose) return each;
    }
    return nullptr;
  }
  // Those of one notice.
  std::span<const NoticePointer> of(std::string_view id) const {
    const auto begin = std::lower_bound(notices.begin(), notices.end(), id,
                                        [](const NoticePointer& each, std::string_view to) { return each->id < to; });
    auto end = begin;
    while (end != notices.end() && (*end)->id == id) ++end;
    return {begin, end};
  }
  NoticePointer find(std::string_view id, std::int64_t version) const {
    for (const NoticePointer& each : of(id)) {
      if (each->version == version) return each;
    }
    return nullptr;
  }
  NoticePointer newest(std::string_view id, Status status) const {
    NoticePointer out;
    for (const NoticePointer& each : of(id)) {
      if (each->status == status) out = each;
    }
    return out;
  }
};
using ShelfPointer = std::shared_ptr<const Shelf>;

Result<ShelfPointer> read_shelf(db::Transaction& tx) {
  auto shelf = std::make_shared<Shelf>();
  shelf->revision = TRY(store::revision(tx));
  for (Entry& each : TRY(store::entries(tx))) shelf->entries.push_back(std::make_shared<const Entry>(std::move(each)));
  for (NoticeVersion& each : TRY(store::notices(tx))) {
    shelf->notices.push_back(std::make_shared<const NoticeVersion>(std::move(each)));
  }
  for (Assessment& each : TRY(store::assessments(tx))) {
    shelf->assessments.push_back(std::make_shared<const Assessment>(std::move(each)));
  }
  return shelf;
}

std::unexpected<Error> unknown_notice() {
  return fail(ErrorKind::not_found, "notice_unknown", "There is no such notice, or version of it; list the notices.");
}

class NoticesImpl final : public Notices {
 public:
  NoticesImpl(db::Database& control, staff::Staff& staff, const Clock& clock)
      : control_(control), staff_(staff), clock_(clock) {}

  Result<void> load() {
    ShelfPointer shelf;
    TRY(control_.read([&](db::Transaction& tx) -> Result<void> {
      shelf = TRY(read_shelf(tx));
      return {};
    }));
    install(std::move(shelf));
    return {};
  }

  Result<NoticePointer> find(std::string_view id, std::int64_t version) const override {
    NoticePointer found = shelf()->find(id, version);
    if (found && found->status != Status::draft) return found;
    return unknown_notice();
  }

  Result<NoticePointer> published(std::string_view id) const override {
    NoticePointer found = shelf()->newest(id, Status::published);
    if (found) return found;
    return unknown_notice();
  }

  std::vector<NoticePointer> in_force() const override {
    std::vector<NoticePointer> out;
    const ShelfPointer now = shelf();
    for (const NoticePointer& each : now->notices) {
      if (each->status != Status::published) continue;
      if (!out.empty() && out.back()->id == each->id) out.pop_back();
      out.push_back(each);
    }
    return out;
  }

  std::vector<NoticePointer> all() const override { return shelf()->notices; }
  EntryPointer entry(gate::Purpose purpose) const override { return shelf()->entry(purpose); }
  std::vector<EntryPointer> entries() const override { return shelf()->entries; }

  gate::PurposeSet weighed(Time at) const override {
    gate::PurposeSet out;
    for (const AssessmentPointer& each : shelf()->assessments) {
      if (each->holds(at)) out.add(each->purpose);
    }
    return out;
  }

  std::vector<AssessmentPointer> assessments() const override {
    auto out = shelf()->assessments;
    std::reverse(out.begin(), out.end());
    return out;
  }

  Result<AssessmentPointer> assess(const staff::Actor& actor, Assessment assessment) override {
    assessment.recorded_at = clock_.now();
    assessment.recorded_by = actor.principal;
    assessment.revoked_at.reset();
    if (assessment.decided > law::day_of(assessment.recorded_at)) {
      return fail(ErrorKind::invalid, "fields_invalid", "An assessment is recorded when it has been decided.",
                  {{"/decided", "must not be in the future"}});
    }
    const auto purpose = target_of(assessment.purpose);
    auto changed =
        TRY(change(actor, "addAssessment", purpose, [&](db::Transaction& tx, const Shelf& now) -> Result<void> {
          if (now.assessments.size() >= kMaxAssessments) {
            return fail(ErrorKind::conflict, "assessments_full",
                        fmt::format("There are {} assessments, which is the most.", kMaxAssessments));
          }
          assessment.number = now.assessments.empty() ? 1 : now.assessments.back()->number + 1;
          return store::insert(tx, assessment);
        }));
    return changed->assessments.back();
  }

  Result<AssessmentPointer> revoke(const staff::Actor& actor, std::int64_t number, std::string reason) override {
    if (!is_label(reason, kMaxReasonBytes)) {
      return fail(ErrorKind::invalid, "fields_invalid", "Say why the assessment no longer holds.",
                  {{"/reason", "must have 1 to 1000 bytes, in one line"}});
    }
    AssessmentPointer out;
    TRY(change(actor, "revokeAssessment", fmt::format("assessment:{}", number),
               [&](db::Transaction& tx, const Shelf& now) -> Result<void> {
                 for (const AssessmentPointer& each : now.assessments) {
                   if (each->number == number) out = each;
                 }
                 if (!out) {
                   return fail(ErrorKind::not_found, "assessment_unknown",
                               "There is no such assessment; list the assessments.");
                 }
                 if (out->revoked_at) {
                   return fail(ErrorKind::conflict, "assessment_revoked", "This assessment was revoked already.");
                 }
                 Assessment revoked = *out;
                 revoked.revoked_at = clock_.now();
                 revoked.revoked_by = actor.principal;
                 revoked.revoked_for = reason;
                 out = std::make_shared<const Assessment>(revoked);
                 return store::revoke(tx, revoked);
               }));
    return out;
  }

  Result<EntryPointer> put(const staff::Actor& actor, Entry entry, const Check<Entry>& check) override {
    entry.recorded_at = clock_.now();
    entry.recorded_by = actor.principal;
    const auto purpose = entry.purpose;
    auto changed = TRY(change(actor, "putPurposeEntry", target_of(purpose), [&](db::Transaction& tx, const Shelf& now) {
      return checked(check, now.entry(purpose).get(), [&] { return store::put(tx, entry); });
    }));
    return changed->entry(purpose);
  }

  Result<void> remove(const staff::Actor& actor, gate::Purpose purpose, const Check<Entry>& check) override {
    TRY(change(actor, "removePurposeEntry", target_of(purpose),
               [&](db::Transaction& tx, const Shelf& now) -> Result<void> {
                 const EntryPointer before = now.entry(purpose);
                 if (!before) {
                   return fail(ErrorKind::not_found, "purpose_entry_unknown",
                               "Nothing was said here of that purpose; list the entries.");
                 }
                 return checked(check, before.get(), [&] { return store::remove(tx, purpose); });
               }));
    return {};
  }

  Result<NoticePointer> draft(const staff::Actor& actor, NoticeVersion content,
                              const Check<NoticeVersion>& check) override {
    if (!is_slug(content.id, kMaxIdBytes)) {
      return fail(ErrorKind::invalid, "fields_invalid", "A notice's id is 1 to 64 of a-z, 0-9, - and _.",
                  {{"/id", "must be 1 to 64 of a-z, 0-9, - and _, such as newsletter"}});
    }
    content.status = Status::draft;
    content.drafted_at = clock_.now();
    content.drafted_by = actor.principal;
    content.published_at.reset();
    content.retired_at.reset();
    const std::string target = "notice:" + content.id;
    auto changed =
        TRY(change(actor, "putNoticeDraft", target, [&](db::Transaction& tx, const Shelf& now) -> Result<void> {
          const NoticePointer before = now.newest(content.id, Status::draft);
          if (!before && now.notices.size() >= kMaxVersions) {
            return fail(ErrorKind::conflict, "notices_full",
                        fmt::format("There are {} versions of notices, which is the most.", kMaxVersions));
          }
          const auto versions = now.of(content.id);
          content.version = before ? before->version : versions.empty() ? 1 : versions.back()->version + 1;
          content.hash = hash_of(content);
          return checked(check, before.get(), [&] { return store::put(tx, content); });
        }));
    return changed->newest(content.id, Status::draft);
  }

  Result<void> discard(const staff::Actor& actor, std::string_view id, const Check<NoticeVersion>& check) override {
    TRY(change(actor, "discardNoticeDraft", fmt::format("notice:{}", id),
               [&](db::Transaction& tx, const Shelf& now) -> Result<void> {
                 const NoticePointer before = now.newest(id, Status::draft);
                 if (!before) return unknown_notice();
                 return checked(check, before.get(), [&] { return store::remove(tx, *before); });
               }));
    return {};
  }

  Result<NoticePointer> publish(const staff::Actor& actor, std::string_view id, std::int64_t version,
                                std::string_view hash) override {
    return turn(actor, "publishNotice", id, version, [&](NoticeVersion& notice) -> Result<void> {
      if (notice.status != Status::draft) {
        return fail(ErrorKind::conflict, "notice_not_a_draft", "This version was published already.");
      }
      if (notice.hash != hash) {
        return fail(ErrorKind::conflict, "notice_changed",
                    "The draft was changed since you read it: read it again, then publish it.");
      }
      if (auto missing = missing_in(notice); !missing.empty()) {
        return fail(ErrorKind::invalid, "notice_incomplete", "The notice is not complete yet.", std::move(missing));
      }
      notice.status = Status::published;
      notice.published_at = clock_.now();
      notice.published_by = actor.principal;
      return {};
    });
  }

  Result<NoticePointer> retire(const staff::Actor& actor, std::string_view id, std::int64_t version) override {
    return turn(actor, "retireNotice", id, version, [&](NoticeVersion& notice) -> Result<void> {
      if (notice.status != Status::published) {
        return fail(ErrorKind::conflict, "notice_not_published", "Only a version that is published can be retired.");
      }
      notice.status = Status::retired;
      notice.retired_at = clock_.now();
      notice.retired_by = actor.principal;
      return {};
    });
  }

 private:
  static std::string target_of(gate::Purpose purpose) { return fmt::format("purpose:{}", gate::info(purpose).name); }

  template <class T, class Body>
  static Result<void> checked(const Check<T>& check, const T* before, Body body) {
    if (check) TRY(check(before));
    return body();
  }

  // Another status of one version.
  Result<NoticePointer> turn(const staff::Actor& actor, std::string operation, std::string_view id,
                             std::int64_t version, const std::function<Result<void>(NoticeVersion&)>& body) {
    auto changed = TRY(change(actor, std::move(operation), fmt::format("notice:{}@{}", id, version),
                              [&](db::Transaction& tx, const Shelf& now) -> Result<void> {
                                const NoticePointer before = now.find(id, version);
                                if (!before) return unknown_notice();
                                NoticeVersion notice = *before;
                                TRY(body(notice));
                                return store::put(tx, notice);
                              }));
    return changed->find(id, version);
  }

  // `body` gets what stands in the database, with which nobody else can meddle until this is done.
  Result<ShelfPointer> change(const staff::Actor& actor, std::string operation, std::string target,
                              const std::function<Result<void>(db::Transaction&, const Shelf&)>& body) {
    ShelfPointer changed;
    TRY(control_.write([&](db::Transaction& tx) -> Result<void> {
      TRY(store::raise_revision(tx));
      const ShelfPointer before = TRY(read_shelf(tx));
      TRY(body(tx, *before));
      changed = TRY(read_shelf(tx));
      return staff_.record(tx, {actor.principal, operation, target, actor.trace_id});
    }));
    install(changed);
    return changed;
  }

  // Whoever comes first after kRefreshEvery looks whether another node changed something.
  ShelfPointer shelf() const {
    const std::int64_t now = to_millis(clock_.now());
    std::int64_t checked_at = checked_at_.load(std::memory_order_relaxed);
    const bool due = now < checked_at || now - checked_at >= std::chrono::milliseconds(kRefreshEvery).count();
    if (due && checked_at_.compare_exchange_strong(checked_at, now)) refresh();
    std::lock_guard lock(mutex_);
    return shelf_;
  }

  void refresh() const {
    std::int64_t known = 0;
    {
      std::lock_guard lock(mutex_);
      known = shelf_->revision;
    }
    ShelfPointer fresh;
    auto done = control_.read([&](db::Transaction& tx) -> Result<void> {
      if (TRY(store::revision(tx)) != known) fresh = TRY(read_shelf(tx));
      return {};
    });
    if (fresh) return install(std::move(fresh));
    if (!done) log::warning("notices not refreshed", {{"code", std::string_view(done.error().code)}});
  }

  void install(ShelfPointer shelf) const {
    std::lock_guard lock(mutex_);
    if (!shelf_ || shelf_->revision <= shelf->revision) shelf_ = std::move(shelf);
    checked_at_ = to_millis(clock_.now());
  }

  db::Database& control_;
  staff::Staff& staff_;
  const Clock& clock_;
  // What is kept in memory is a cache: reading may renew it.
  mutable std::mutex mutex_;
  mutable ShelfPointer shelf_;
  mutable std::atomic<std::int64_t> checked_at_{0};
};

}  // namespace

bool NoticeVersion::covers(gate::Purpose purpose, law::Channel channel) const {
  return purposes.has(purpose) && std::find(channels.begin(), channels.end(), channel) != channels.end();
}

bool Assessment::holds(Time at) const {
  const law::Day day = law::day_of(at);
  return decided <= day && day <= expires && recorded_at <= at && (!revoked_at || at < *revoked_at);
}

std::string Text::whole() const {
  return fmt::format("{}\n\n{}\n\n{}\n\n{}", title, text, declaration, withdrawal);
}

const Text* NoticeVersion::text_in(std::string_view language) const {
  auto exactly = [&](std::string_view wanted) -> const Text* {
    for (const Text& each : texts) {
      if (each.language == wanted) return &each;
    }
    return nullptr;
  };
  if (const Text* text = exactly(language)) return text;
  if (const Text* text = exactly(language.substr(0, 2))) return text;
  if (const Text* text = exactly("en")) return text;
  return texts.empty() ? nullptr : texts.data();
}

Result<std::unique_ptr<Notices>> Notices::open(db::Database& control, staff::Staff& staff, const Clock& clock) {
  auto notices = std::make_unique<NoticesImpl>(control, staff, clock);
  TRY(notices->load());
  return notices;
}

}  // namespace handschlag::notices
