// `handschlag bounce`: what a mail server sent back, from its pipe. The mail is read by the command, so that whatever
// strangers wrote never reaches the server; of it the server is told codes and addresses. Exit codes are those of
// sysexits.h, by which mail servers know whether to try again.
#pragma once

#include "app/commands.h"

namespace handschlag::app {

inline constexpr int kTryLater = 75;  // EX_TEMPFAIL

// The command's end: reads standard input. 0: it is done, also where it was no report or none of ours; else kTryLater.
int hand_over_bounce(const CommandLine& line, const Settings& settings, Console& console);

// The server's end. Errors: invalid; those of outreach.
Result<int> take_bounce(const CommandLine& line, App& app, Console& console);

}  // namespace handschlag::app
