#include "app/import_commands.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "app/progress_line.h"
#include "features/consent_imports/consent_imports.h"
#include "features/imports/imports.h"

namespace handschlag::app {
namespace {

class ImportProgress final : public imports::Progress {
 public:
  ImportProgress(Console& console, std::string_view what) : console_(console), line_(console), what_(what) {}
  void report(const imports::Step& step) override {
    double share = step.bytes_total > 0 ? static_cast<double>(step.bytes) / static_cast<double>(step.bytes_total) : 0;
    line_.show(share, step.events, what_);
  }
  bool cancelled() override { return console_.cancelled(); }
  void end() { line_.end(); }

 private:
  Console& console_;
  ProgressLine line_;
  const std::string_view what_;
};

void print_json(Console& console, const json::Value& value) {
  console.out(json::dump(value) + "\n");
}

double seconds(std::chrono::milliseconds time) {
  return static_cast<double>(time.count()) / 1000.0;
}

// What follows the sums.
void print_rest(const std::map<std::string, std::int64_t>& reasons, const std::string& file, bool cancelled,
                Console& console) {
  for (const auto& [reason, count] : reasons) console.out(fmt::format("{:>8} lines not taken: {}\n", count, reason));
  if (!file.empty()) console.out(fmt::format("They are listed in {}.\n", file));
  if (cancelled) console.err("Interrupted. Run the same command again to go on.\n");
}

void print_report(const CommandLine& line, const imports::Report& report, Console& console) {
  if (line.json) {
    print_json(console, {{"source", report.source},
                         {"cancelled", report.cancelled},
                         {"lines", report.lines},
                         {"events", report.events},
                         {"stored", report.stored},
                         {"unlinked", report.unlinked},
                         {"duplicates", report.duplicates},
                         {"refused", report.refused},
                         {"resumed", report.resumed},
                         {"rejected_events", report.rejected_events},
                         {"rejected_lines", report.rejected_lines},
                         {"reasons", report.reasons},
                         {"report", report.report_file},
                         {"seconds", seconds(report.took)}});
    return;
  }
  console.out(fmt::format(
      "{} lines made {} events in {:.1f} s: {} stored, {} unlinked, {} known already, {} refused, {} rejected.\n",
      report.lines, report.events, seconds(report.took), report.stored, report.unlinked,
      report.duplicates + report.resumed, report.refused, report.rejected_events));
  print_rest(report.reasons, report.report_file, report.cancelled, console);
}

Result<int> import_csv(const CommandLine& line, App& app, Console& console) {
  auto importer = imports::Importer::create(app.events(), app.sources(), app.control(), app.clock());
  auto audited = [&app](db::Transaction& tx, const sources::Source& source) {
    return app.staff().record(tx, {"cli", "import csv", "source:" + source.id, "", staff::Outcome::ok});
  };
  imports::Job job{line.file, line.mapping, line.source, line.report, audited};
  ImportProgress progress(console, "events");
  auto report = importer->run(job, progress);
  progress.end();
  print_report(line, TRY(std::move(report)), console);
  (void)app.staff().record({"cli", "import csv", "", "", staff::Outcome::ok});
  return console.cancelled() ? kInterrupted : kGood;
}

void print_report(const CommandLine& line, const consent_imports::FileReport& report, Console& console) {
  if (line.json) {
    print_json(console, {{"source", line.source},
                         {"dry_run", line.dry_run},
                         {"cancelled", report.cancelled},
                         {"lines", report.lines},
                         {"taken", report.taken},
                         {"there_already", report.there_already},
                         {"refused", report.refused},
                         {"made", report.made},
                         {"proof_gaps", report.proof_gaps},
                         {"reasons", report.reasons},
                         {"report", report.report_file},
                         {"seconds", seconds(report.took)}});
    return;
  }
  console.out(fmt::format("{}{} statements in {:.1f} s: {} taken, {} known already, {} refused.\n",
                          line.dry_run ? "Nothing was taken; this would become of it. " : "", report.lines,
                          seconds(report.took), report.taken, report.there_already, report.refused));
  if (report.made > 0) console.out(fmt::format("{:>8} people whom nobody knew before\n", report.made));
  if (report.proof_gaps > 0) {
    console.out(fmt::format("{:>8} yeses are claims alone, since their proof is not whole\n", report.proof_gaps));
  }
  print_rest(report.reasons, report.report_file, report.cancelled, console);
}

Result<int> import_consents(const CommandLine& line, App& app, Console& console) {
  ImportProgress progress(console, "statements");
  auto report = app.consent_imports().take_file({line.file, line.source, line.report, line.dry_run},
                                                {"cli", "operator", "import consents", ""}, progress);
  progress.end();
  print_report(line, TRY(std::move(report)), console);
  return console.cancelled() ? kInterrupted : kGood;
}

}  // namespace

Result<int> run_import_command(const CommandLine& line, App& app, Console& console) {
  return line.command == "import consents" ? import_consents(line, app, console) : import_csv(line, app, console);
}

}  // namespace handschlag::app
