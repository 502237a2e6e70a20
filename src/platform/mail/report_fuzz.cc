// Reports: whatever comes back, what is read of it is codes and addresses in their form, and the same every time.
#include "platform/base/testing/fuzz.h"
#include "platform/mail/mail.h"
#include "platform/mail/report.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace handschlag;
  using fuzz::require;
  using Kind = mail::Report::Kind;
  const std::string text(fuzz::text_of(data, size));
  const mail::Report report = mail::read_report(text);
  require(report.status.empty() || mail::status_in(report.status) == report.status);
  require(report.status.size() <= 9);
  require(report.code == 0 || (report.code >= 400 && report.code <= 599));
  const bool delivery = report.kind == Kind::failed || report.kind == Kind::delayed || report.kind == Kind::delivered;
  require(delivery || (report.status.empty() && report.code == 0) || report.kind == Kind::complained);
  require(report.senders.size() <= mail::kMostSenders);
  for (const std::string& each : report.senders) require(mail::is_address(each));
  const mail::Report again = mail::read_report(text);
  require(again.kind == report.kind && again.status == report.status && again.code == report.code &&
          again.senders == report.senders);
  return 0;
}
