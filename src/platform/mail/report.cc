#include "platform/mail/report.h"

#include <gmime/gmime.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <optional>

#include "platform/mail/mail.h"

namespace handschlag::mail {
namespace {

constexpr int kMostParts = 10;
constexpr int kMostGroups = 20;                // of fields: one for the message, one for each recipient
constexpr std::size_t kMaxFields = 64 * 1024;  // bytes of a part that holds fields
constexpr std::size_t kMaxValue = 2'000;       // of a field, that is looked at

struct Release {
  void operator()(void* object) const { g_object_unref(object); }
};
template <class T>
using Held = std::unique_ptr<T, Release>;

void set_up() {
  static const bool kReady = [] {
    g_mime_init();
    // It complains about what it reads, and would quote it.
    g_log_set_default_handler([](const gchar*, GLogLevelFlags, const gchar*, gpointer) {}, nullptr);
    return true;
  }();
  (void)kReady;
}

Held<GMimeParser> parser_of(std::string_view bytes) {
  const Held<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(bytes.data(), bytes.size()));
  return Held<GMimeParser>(g_mime_parser_new_with_stream(stream.get()));
}

std::string field(GMimeObject* part, const char* name) {
  const char* value = part == nullptr ? nullptr : g_mime_object_get_header(part, name);
  if (value == nullptr) return {};
  const std::string_view text(value);
  const std::size_t from = text.find_first_not_of(" \t\r\n");
  return from == std::string_view::npos ? std::string() : std::string(text.substr(from, kMaxValue));
}

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// "failed" of "Failed (unknown)".
std::string first_word(const std::string& text) {
  return lowered(text.substr(0, text.find_first_of(" \t;(")));
}

bool is_type(GMimeObject* part, const char* type, const char* subtype) {
  GMimeContentType* content = g_mime_object_get_content_type(part);
  return content != nullptr && g_mime_content_type_is_type(content, type, subtype) != 0;
}

// What a part holds, decoded, up to a limit; nothing where it is no leaf.
std::optional<std::string> content_of(GMimeObject* part) {
  if (!GMIME_IS_PART(part)) return std::nullopt;
  GMimeDataWrapper* content = g_mime_part_get_content(GMIME_PART(part));
  if (content == nullptr) return std::string();
  const Held<GMimeStream> out(g_mime_stream_mem_new());
  if (g_mime_data_wrapper_write_to_stream(content, out.get()) < 0) return std::nullopt;
  const GByteArray* bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(out.get()));
  if (bytes == nullptr || bytes->data == nullptr) return std::string();
  std::string text(reinterpret_cast<const char*>(bytes->data), std::min<std::size_t>(bytes->len, kMaxFields));
  std::erase(text, '\r');
  return text;
}

// One group of fields, read as the header of a message is.
Held<GMimeObject> fields_of(const std::string& group) {
  const std::string text = group + "\n\n";
  const Held<GMimeParser> parser = parser_of(text);
  return Held<GMimeObject>(g_mime_parser_construct_part(parser.get(), nullptr));
}

// Groups stand apart by empty lines.
std::vector<std::string> groups_in(const std::string& text) {
  std::vector<std::string> out;
  std::size_t from = 0;
  while (from < text.size() && out.size() < static_cast<std::size_t>(kMostGroups)) {
    std::size_t end = text.find("\n\n", from);
    if (end == std::string::npos) end = text.size();
    if (end > from) out.push_back(text.substr(from, end - from));
    from = text.find_first_not_of('\n', end);
  }
  return out;
}

// "smtp; 550-5.1.1 The account ...": the codes alone.
void take_diagnostic(const std::string& text, Report& report) {
  const std::size_t type = text.find(';');
  if (type == std::string::npos || lowered(text.substr(0, type)) != "smtp") return;
  const std::size_t from = text.find_first_not_of(" \t", type + 1);
  if (from == std::string::npos) return;
  std::string_view said = std::string_view(text).substr(from);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (said.size() >= 3 && (said[0] == '4' || said[0] == '5') && is_digit(said[1]) && is_digit(said[2]) &&
      (said.size() == 3 || said[3] == ' ' || said[3] == '-')) {
    report.code = (said[0] - '0') * 100 + (said[1] - '0') * 10 + (said[2] - '0');
    said.remove_prefix(std::min<std::size_t>(4, said.size()));
  }
  // Some mail servers write a general status into its own field, and the exact one here.
  const std::string exact = status_in(said);
  const bool general = report.status.empty() || report.status.ends_with(".0.0");
  if (general && !exact.empty() && exact[0] != '2') report.status = exact;
}

// One recipient's: our messages have one, so the gravest is said of it.
void take_recipient(GMimeObject* group, Report& report) {
  static constexpr std::array<std::pair<std::string_view, Report::Kind>, 5> kActions = {
      {{"failed", Report::Kind::failed},
       {"delayed", Report::Kind::delayed},
       {"delivered", Report::Kind::delivered},
       {"relayed", Report::Kind::delivered},
       {"expanded", Report::Kind::delivered}}};
  const auto rank = [](Report::Kind kind) {
    return kind == Report::Kind::failed      ? 3
           : kind == Report::Kind::delayed   ? 2
           : kind == Report::Kind::delivered ? 1
                                             : 0;
  };
  const std::string action = first_word(field(group, "Action"));
  for (const auto& [name, kind] : kActions) {
    if (name != action || rank(kind) <= rank(report.kind)) continue;
    report.kind = kind;
    report.status = status_in(field(group, "Status"));
    report.code = 0;
    if (kind != Report::Kind::delivered) take_diagnostic(field(group, "Diagnostic-Code"), report);
  }
}

void add_senders(const std::string& text, Report& report) {
  InternetAddressList* list = internet_address_list_parse(nullptr, text.c_str());
  if (list == nullptr) return;
  for (int i = 0; i < internet_address_list_length(list) && report.senders.size() < kMostSenders; ++i) {
    InternetAddress* one = internet_address_list_get_address(list, i);
    if (!INTERNET_ADDRESS_IS_MAILBOX(one)) continue;
    const char* address = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one));
    if (address != nullptr && is_address(address)) report.senders.emplace_back(address);
  }
  g_object_unref(list);
}

// An unknown kind is none: "not-spam" is the opposite of a complaint.
void take_feedback(GMimeObject* fields, Report& report) {
  const std::string type = first_word(field(fields, "Feedback-Type"));
  if (type == "abuse" || type == "opt-out" || type == "opt-out-list") report.kind = Report::Kind::complained;
  add_senders(field(fields, "Original-Mail-From"), report);
}

void take_part(GMimeObject* part, Report& report) {
  if (GMIME_IS_MESSAGE_PART(part)) {
    GMimeMessage* original = g_mime_message_part_get_message(GMIME_MESSAGE_PART(part));
    if (original != nullptr) add_senders(field(GMIME_OBJECT(original), "Return-Path"), report);
    return;
  }
  const bool status = is_type(part, "message", "delivery-status") || is_type(part, "message", "global-delivery-status");
  const bool feedback = is_type(part, "message", "feedback-report");
  const bool headers = is_type(part, "text", "rfc822-headers");
  if (!status && !feedback && !headers) return;
  const auto text = content_of(part);
  if (!text) return;
  for (const std::string& each : groups_in(*text)) {
    const Held<GMimeObject> fields = fields_of(each);
    if (status) take_recipient(fields.get(), report);
    if (feedback) take_feedback(fields.get(), report);
    if (headers) add_senders(field(fields.get(), "Return-Path"), report);
  }
}

bool is_automatic(GMimeObject* message) {
  const std::string submitted = first_word(field(message, "Auto-Submitted"));
  return (!submitted.empty() && submitted != "no") || !field(message, "X-Autoreply").empty() ||
         !field(message, "X-Autorespond").empty() || first_word(field(message, "Precedence")) == "auto_reply";
}

}  // namespace

std::string status_in(std::string_view text) {
  // Class, subject, detail: 1 digit, then up to 3 each.
  if (text.empty() || (text[0] != '2' && text[0] != '4' && text[0] != '5')) return {};
  std::size_t at = 1;
  for (int number = 0; number < 2; ++number) {
    if (at >= text.size() || text[at] != '.') return {};
    const std::size_t from = ++at;
    while (at < text.size() && at - from < 3 && text[at] >= '0' && text[at] <= '9') ++at;
    if (at == from) return {};
  }
  if (at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '.')) return {};
  return std::string(text.substr(0, at));
}

Report read_report(std::string_view bytes) {
  set_up();
  Report report;
  // The line with which mailboxes begin a message.
  if (bytes.starts_with("From ")) bytes.remove_prefix(std::min(bytes.find('\n'), bytes.size() - 1) + 1);
  bytes = bytes.substr(0, kMaxReportBytes);
  const Held<GMimeParser> parser = parser_of(bytes);
  const Held<GMimeMessage> message(g_mime_parser_construct_message(parser.get(), nullptr));
  if (!message) return report;
  GMimeObject* top = g_mime_message_get_mime_part(message.get());
  if (top != nullptr && GMIME_IS_MULTIPART(top) && is_type(top, "multipart", "report")) {
    const int parts = std::min(g_mime_multipart_get_count(GMIME_MULTIPART(top)), kMostParts);
    for (int i = 0; i < parts; ++i) take_part(g_mime_multipart_get_part(GMIME_MULTIPART(top), i), report);
  }
  if (report.kind == Report::Kind::none && is_automatic(GMIME_OBJECT(message.get()))) {
    report.kind = Report::Kind::automatic;
  }
  add_senders(field(GMIME_OBJECT(message.get()), "To"), report);
  return report;
}

}  // namespace handschlag::mail
