#include "app/bounce_command.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "app/control.h"
#include "platform/mail/report.h"

namespace handschlag::app {
namespace {

using Kind = mail::Report::Kind;

constexpr std::array<std::pair<Kind, std::string_view>, 6> kKinds = {{{Kind::none, "none"},
                                                                      {Kind::automatic, "automatic"},
                                                                      {Kind::failed, "failed"},
                                                                      {Kind::delayed, "delayed"},
                                                                      {Kind::delivered, "delivered"},
                                                                      {Kind::complained, "complained"}}};
constexpr std::size_t kMaxAddress = 320;

// To its end, so that the mail server is not left with a broken pipe; what is too long is not kept. Nothing where it
// can't be read.
std::optional<std::string> read_input() {
  std::string bytes;
  std::array<char, 16 * 1024> part{};
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) return bytes;
    if (bytes.size() < mail::kMaxReportBytes) bytes.append(part.data(), static_cast<std::size_t>(got));
  }
}

std::string to_text(const mail::Report& report) {
  std::string_view kind = "none";
  for (const auto& [known, name] : kKinds) {
    if (known == report.kind) kind = name;
  }
  return json::dump({{"kind", kind}, {"status", report.status}, {"code", report.code}, {"senders", report.senders}});
}

Result<mail::Report> from_text(const std::string& text) {
  const json::Value value = TRY(json::parse(text));
  json::Reader reader(value);
  mail::Report report;
  const std::string kind = reader.text("kind", {.max_length = 16});
  report.status = reader.optional_text("status", {.min_length = 0, .max_length = 16}).value_or("");
  report.code = static_cast<int>(reader.optional_integer("code", 0, 599).value_or(0));
  report.senders = reader.texts("senders", mail::kMostSenders + 1, {.min_length = 1, .max_length = kMaxAddress});
  if (mail::status_in(report.status) != report.status) reader.error("status", "must be as in 5.1.1");
  const auto* known = std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& each) { return each.second == kind; });
  if (known == kKinds.end()) reader.error("kind", "is none that is known");
  TRY(reader.finish());
  report.kind = known->first;
  return report;
}

}  // namespace

int hand_over_bounce(const CommandLine& line, const Settings& settings, Console& console) {
  const auto bytes = read_input();
  if (!bytes) return kTryLater;
  mail::Report report = mail::read_report(*bytes);
  if (!line.address.empty() && line.address.size() <= kMaxAddress) {
    report.senders.insert(report.senders.begin(), line.address);
  }
  std::vector<std::string> words = {"bounce", "--said", to_text(report)};
  if (line.json) words.insert(words.end(), {"--format", "json"});
  const auto code = run_remotely(settings.regions.data_folder, {std::move(words), "/", ""}, console);
  if (!code) console.err("handschlag: no server runs on this data folder; to be tried again.\n");
  return code && *code == 0 ? 0 : kTryLater;
}

Result<int> take_bounce(const CommandLine& line, App& app, Console& console) {
  if (line.said.empty()) {
    return fail(ErrorKind::invalid, "input_missing", "Mail that came back is given on standard input.");
  }
  const auto taken = TRY(app.outreach().take_back(TRY(from_text(line.said))));
  const std::string name(outreach::name_of(taken));
  if (line.json) console.out(json::dump({{"outcome", name}}) + "\n");
  return taken == outreach::Taken::early ? kTryLater : 0;
}

}  // namespace handschlag::app
