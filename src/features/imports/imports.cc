#include "features/imports/imports.h"

#include <fmt/format.h>

#include <filesystem>
#include "embedded/migrations.h"
#include "features/imports/documents.h"
#include "features/imports/input.h"
#include "features/imports/mapping.h"
#include "features/imports/rejections.h"
#include "features/imports/sender.h"
#include "features/imports/store.h"
#include "platform/crypto/crypto.h"

namespace handschlag::imports {
namespace {

// Changes whenever the same lines would become other events, so that no job is resumed by counting what came before.
constexpr int kVersion = 1;

constexpr std::size_t kBatchDocuments = 500;
constexpr std::size_t kBatchLines = 10'000;
constexpr std::int64_t kLinesBetweenLooks = 2'000;
constexpr std::chrono::milliseconds kBetweenReports{200};
constexpr std::chrono::milliseconds kBetweenSaves{1'000};

// True at most once in each interval.
class Pace {
 public:
  explicit Pace(std::chrono::milliseconds every) : every_(every) {}
  bool due() {
    auto now = std::chrono::steady_clock::now();
    if (now - last_ < every_) return false;
    last_ = now;
    return true;
  }

 private:
  const std::chrono::milliseconds every_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

std::string default_report(const Job& job) {
  return job.file == kStandardInput ? "import.rejected.csv" : job.file + ".rejected.csv";
}

// Reads the whole file once without sending anything: a line that comes too late for its document would leave half of
// it stored, which no second import mends.
Result<void> check_order(const std::string& path, const Mapping& mapping) {
  auto input = TRY(Input::open(path, mapping));
  std::int64_t late = 0;
  Documents documents(mapping, input->layout(), [&](std::int64_t line, std::string_view reason) {
    if (late == 0 && reason == kLateLine) late = line;
  });
  while (const CsvRecord* record = input->reader().next()) {
    documents.add(*record);
    while (documents.take() != nullptr) continue;
    if (late != 0) {
      return fail(ErrorKind::invalid, "lines_apart",
                  fmt::format("Line {} belongs to a document that began more than {} lines before. Raise the mapping's "
                              "group.window_lines, or sort the file; nothing was imported.",
                              late, mapping.window_lines),
                  {{fmt::format("line {}", late), "is too far from its document"}});
    }
    if (documents.too_many()) {
      return fail(ErrorKind::too_large, "file_too_large",
                  fmt::format("The file has more than {} documents; import it in parts. Nothing was imported.",
                              Documents::kMaxDocuments));
    }
  }
  return input->check();
}

// One import from its file to the end.
class Run {
 public:
  Run(events::Events& events, sources::SourcePointer source, db::Database& control, const Clock& clock,
      const Mapping& mapping, const Job& job, Progress& progress)
      : control_(control),
        clock_(clock),
        mapping_(mapping),
        job_(job),
        progress_(progress),
        rejections_(job.report.empty() ? default_report(job) : job.report, !job.report.empty()),
        sender_(
            events, source, mapping, clock,
            {[this](const DocumentBatch& batch, const events::Outcome& outcome) { return committed(batch, outcome); },
             [this] { return progress_.cancelled(); }}) {
    row_.source = source->id;
    row_.mapping = mapping.name;
    report_.source = source->id;
  }

  Result<Report> run() {
    auto started = std::chrono::steady_clock::now();
    TRY(rejections_.check());
    if (job_.file != kStandardInput) {
      TRY(check_order(job_.file, mapping_));
      TRY(find_job());
    }
    input_ = TRY(Input::open(job_.file, mapping_));
    auto sent = send_all();
    report_.cancelled = progress_.cancelled();
    if (!sent && !report_.cancelled) return std::unexpected(std::move(sent).error());
    row_.finished = !report_.cancelled;
    TRY(save_job());
    TRY(rejections_.finish());
    tell();
    report_.rejected_lines = rejections_.lines();
    report_.reasons = rejections_.reasons();
    if (rejections_.written()) report_.report_file = job_.report.empty() ? default_report(job_) : job_.report;
    report_.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started);
    return std::move(report_);
  }

 private:
  Result<void> find_job() {
    std::string parts = fmt::format("{}|{}|{}|{}", kVersion, row_.source, mapping_.text.size(), mapping_.text);
    row_.key = crypto::to_hex(crypto::digest(parts + TRY(digest_of_file(job_.file))));
    row_.started_at = clock_.now();
    TRY(control_.read([&](db::Transaction& tx) -> Result<void> {
      auto found = TRY(store::find_job(tx, row_.key));
      // One that ended is run from its first line: whoever asks for that wants to see that everything is there.
      if (found && !found->finished) row_ = *std::move(found);
      return {};
    }));
    done_before_ = row_.documents_done;
    return {};
  }

  Result<void> save_job() {
    if (row_.key.empty()) return {};
    row_.updated_at = clock_.now();
    return control_.write([&](db::Transaction& tx) { return store::save_job(tx, row_); });
  }

  Result<void> send_all() {
    Documents documents(mapping_, input_->layout(),
                        [this](std::int64_t line, std::string_view reason) { rejections_.add(line, reason); });
    while (const CsvRecord* record = input_->reader().next()) {
      documents.add(*record);
      TRY(take_ready(documents));
      if (++report_.lines % kLinesBetweenLooks == 0) {
        TRY(rejections_.check());
        if (reports_.due()) tell();
        if (progress_.cancelled()) return sender_.finish();
      }
    }
    TRY(input_->check());
    documents.finish();
    TRY(take_ready(documents));
    TRY(send_batch());
    return sender_.finish();
  }

  Result<void> take_ready(Documents& documents) {
    while (auto document = documents.take()) {
      ++report_.events;
      if (report_.events <= done_before_) {
        ++report_.resumed;
        continue;
      }
      batch_lines_ += document->lines.size();
      batch_.push_back(std::move(document));
      if (batch_.size() >= kBatchDocuments || batch_lines_ >= kBatchLines) TRY(send_batch());
    }
    return {};
  }

  Result<void> send_batch() {
    batch_lines_ = 0;
    if (batch_.empty()) return {};
    return sender_.send(std::exchange(batch_, {}));
  }

  Result<void> committed(const DocumentBatch& batch, const events::Outcome& outcome) {
    report_.stored += static_cast<std::int64_t>(outcome.stored);
    report_.unlinked += static_cast<std::int64_t>(outcome.unlinked);
    report_.duplicates += static_cast<std::int64_t>(outcome.duplicates);
    report_.refused += static_cast<std::int64_t>(outcome.refused);
    report_.rejected_events += static_cast<std::int64_t>(outcome.rejected.size());
    for (const events::Rejected& rejected : outcome.rejected) {
      for (std::int64_t line : batch[rejected.index]->lines) rejections_.add(line, "event_rejected", rejected.reason);
    }
    row_.documents_done += static_cast<std::int64_t>(batch.size());
    if (reports_.due()) tell();
    if (saves_.due()) TRY(save_job());
    return {};
  }

  void tell() { progress_.report({input_->reader().bytes(), input_->bytes_total(), row_.documents_done}); }

  db::Database& control_;
  const Clock& clock_;
  const Mapping& mapping_;
  const Job& job_;
  Progress& progress_;
  Rejections rejections_;
  Report report_;
  store::JobRow row_;
  std::int64_t done_before_ = 0;
  Pace reports_{kBetweenReports};
  Pace saves_{kBetweenSaves};
  std::unique_ptr<Input> input_;
  DocumentBatch batch_;
  std::size_t batch_lines_ = 0;
  Sender sender_;  // last: it waits for what is under way before the rest goes
};

class ImporterImpl final : public Importer {
 public:
  ImporterImpl(events::Events& events, sources::Sources& sources, db::Database& control, const Clock& clock)
      : events_(events), sources_(sources), control_(control), clock_(clock) {}

  Result<Report> run(const Job& job, Progress& progress) override {
    TRY(check_report(job));
    Mapping mapping = TRY(load_mapping(job.mapping));
    // Before a source is made for it.
    if (job.file != kStandardInput) (void)TRY(Input::open(job.file, mapping));
    bool added = false;
    auto source = TRY(source_of(job, mapping, added));
    Report report = TRY(Run(events_, source, control_, clock_, mapping, job, progress).run());
    report.source_added = added;
    return report;
  }

 private:
  // The report must not be written over what is imported.
  static Result<void> check_report(const Job& job) {
    std::error_code ignored;
    for (const std::string& input : {job.file, job.mapping}) {
      if (!job.report.empty() && std::filesystem::equivalent(job.report, input, ignored)) {
        return fail(ErrorKind::invalid, "report_is_input",
                    fmt::format("--report {} is the file that is read; name another.", job.report));
      }
    }
    return {};
  }

  Result<sources::SourcePointer> source_of(const Job& job, const Mapping& mapping, bool& added) {
    if (job.source.empty() && !mapping.source) {
      return fail(ErrorKind::invalid, "source_missing",
                  fmt::format("The mapping '{}' names no source; say which with --source.", mapping.name));
    }
    const std::string& id = job.source.empty() ? mapping.source->id : job.source;
    auto source = sources_.find(id);
    if (!source && !job.source.empty()) {
      return fail(ErrorKind::not_found, "source_unknown",
                  fmt::format("There is no source '{}'; add it with 'handschlag source add'.", id));
    }
    if (!source) {
      auto made = sources_.add(*mapping.source, job.on_source_added);
      added = made.has_value();
      source = sources_.find(id);  // another import may have made it a moment ago
      if (!source) return std::unexpected(std::move(made).error());
    }
    if (!source->enabled) {
      return fail(ErrorKind::conflict, "source_disabled", fmt::format("The source '{}' is disabled.", id));
    }
    return source;
  }

  events::Events& events_;
  sources::Sources& sources_;
  db::Database& control_;
  const Clock& clock_;
};

}  // namespace

std::span<const db::Migration> migrations() {
  return embedded::imports_migrations;
}

Result<void> forget_progress(db::Transaction& control) {
  return store::delete_jobs(control);
}

std::unique_ptr<Importer> Importer::create(events::Events& events, sources::Sources& sources, db::Database& control,
                                           const Clock& clock) {
  return std::make_unique<ImporterImpl>(events, sources, control, clock);
}

}  // namespace handschlag::imports
