// Reading what mail servers send back about a message that left: reports of delivery (RFC 3464, in the multipart/report
// of RFC 6522) and complaints (RFC 5965). Nothing that a server says in words is kept, since it quotes addresses: of it
// only codes. Pure but for a library that is set up at the first call; thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace handschlag::mail {

struct Report {
  // none: no report. automatic: an answer that nobody wrote, as of somebody on vacation.
  enum class Kind { none, automatic, failed, delayed, delivered, complained };
  Kind kind = Kind::none;
  std::string status = {};  // enhanced, "5.1.1" (RFC 3463); "" where none is said
  int code = 0;             // of SMTP, 0 where none is said
  // Envelope senders of the message that it is about, as far as it names them, and its own recipients: addresses.
  std::vector<std::string> senders = {};
};

// Longer mail is cut off there: what matters stands before the message that comes back.
inline constexpr std::size_t kMaxReportBytes = std::size_t{512} << 10U;
inline constexpr std::size_t kMostSenders = 4;

// What is broken, or none of these, is `none`. `bytes`: the message as it was received.
Report read_report(std::string_view bytes);

// The enhanced status at the beginning of a text, "5.1.1" of "5.1.1 (unknown)"; "" where there is none.
std::string status_in(std::string_view text);

}  // namespace handschlag::mail
